namespace VhostUser.Packets;

/// <summary>Several packets from one, with a counter in a field; each has right checksums.</summary>
public sealed record PacketTemplate
{
    /// <summary>The packet to start from; null builds one from <see cref="Spec"/> alone.</summary>
    public VhostPacket? Base { get; init; }

    /// <summary>What the packets are like, or what to change in <see cref="Base"/>; null for defaults, or for no change.</summary>
    public PacketSpec? Spec { get; init; }

    /// <summary>The number of packets, 0 or more; default 1.</summary>
    public int Count { get; init; } = 1;

    /// <summary>The field to count in; null makes all packets alike.</summary>
    public PacketField? Counter { get; init; }

    /// <summary>
    /// The counter's place in bytes, for <see cref="PacketField.PayloadOffset"/> and <see cref="PacketField.FrameOffset"/>;
    /// default 0.
    /// </summary>
    public int CounterOffset { get; init; }

    /// <summary>The counter's width for the same two: 1, 2, 4 or 8 bytes; default 4.</summary>
    public int CounterWidth { get; init; } = 4;

    /// <summary>The first packet's value; null starts from what the field holds.</summary>
    public ulong? Start { get; init; }

    /// <summary>What is added from packet to packet, default 1; the counter wraps around at the ends of the field.</summary>
    public long Step { get; init; } = 1;

    /// <summary>False leaves the checksums of <see cref="Base"/> as they are when the counter changes; default true.</summary>
    public bool UpdateChecksums { get; init; } = true;

    /// <summary>
    /// The packets, each made when it is asked for; throws <see cref="ArgumentException"/> at once, naming a field that does
    /// not fit.
    /// </summary>
    public IEnumerable<VhostPacket> Expand()
    {
        if (Count < 0)
            throw PacketError.Argument(nameof(Count), "0 or more", Count);
        VhostPacket first = First();
        FieldSlot[] slots = Counter is { } field ? Slots(first, field) : [];
        if (slots.Length > 0 && Start > slots[0].Maximum)
            throw PacketError.Argument(nameof(Start), $"0 to {slots[0].Maximum} for {Counter}", Start);
        return Expand(first, slots);
    }

    private IEnumerable<VhostPacket> Expand(VhostPacket first, FieldSlot[] slots)
    {
        UInt128 value = slots.Length == 0 ? 0 : Start ?? slots[0].Read(first.Bytes.Span);
        for (int i = 0; i < Count; i++)
        {
            yield return slots.Length == 0 ? first : WithCounter(first, slots, value);
            value = unchecked(value + (UInt128)(Int128)Step);
        }
    }

    private VhostPacket First() => Base is null ? PacketBuilder.Build(Spec ?? new())
        : Spec is null ? Base
        : PacketEditor.Apply(Base, Spec);

    private FieldSlot[] Slots(VhostPacket packet, PacketField field)
    {
        string name = $"{nameof(Counter)} {field}";
        if (UpdateChecksums)
            SpecFields.RequireChecksum(packet, field, name);
        if (field is not (PacketField.PayloadOffset or PacketField.FrameOffset))
            return SpecFields.Require(packet, field, name);
        if (CounterWidth is not (1 or 2 or 4 or 8))
            throw PacketError.Argument(nameof(CounterWidth), "1, 2, 4 or 8 bytes", CounterWidth);
        (int start, int length) = (0, packet.Length);
        if (field == PacketField.PayloadOffset)
            (start, length) = packet.Find<PayloadLayer>() is { } payload ? (payload.Offset, payload.Length) : (0, 0);
        if (CounterOffset < 0 || CounterOffset > length - CounterWidth)
            throw PacketError.Argument(
                nameof(CounterOffset), $"a place for {CounterWidth} bytes among {length} ({field})", CounterOffset);
        return [new(start + CounterOffset, CounterWidth)];
    }

    private VhostPacket WithCounter(VhostPacket first, FieldSlot[] slots, UInt128 value)
    {
        byte[] frame = first.Bytes.ToArray();
        foreach (FieldSlot slot in slots)
            slot.Write(frame, value);
        if (UpdateChecksums)
            FrameChecksums.Update(frame, FrameDecoder.Decode(frame), keepAbsent: true);
        return new VhostPacket(frame);
    }
}
