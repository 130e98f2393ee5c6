using System.Buffers.Binary;

namespace VhostUser.Packets;

/// <summary>Makes a new packet from an existing one: replaces what a spec names, keeps the rest, and makes the checksums right.</summary>
public static class PacketEditor
{
    private const int TagOffset = 12;

    /// <summary>
    /// The packet with the changes; throws <see cref="ArgumentException"/>, naming the field, when the packet does not have it
    /// or a value does not fit. IP options, TCP options and IPv6 extension headers stay. A UDP checksum of zero over IPv4 stays.
    /// </summary>
    public static VhostPacket Apply(VhostPacket template, PacketSpec changes)
    {
        ArgumentNullException.ThrowIfNull(template);
        ArgumentNullException.ThrowIfNull(changes);
        if (changes.Protocol is { } protocol && !protocol.ToString().Equals(template.Protocol, StringComparison.OrdinalIgnoreCase))
            throw PacketError.Argument(nameof(changes.Protocol), $"the template's, {template.Protocol}", protocol);
        return Apply(template, changes, keepAbsentChecksum: true);
    }

    internal static VhostPacket Apply(VhostPacket template, PacketSpec changes, bool keepAbsentChecksum)
    {
        VhostPacket packet = template;
        if ((changes.VlanId ?? changes.VlanPriority) is not null && packet.Find<VlanLayer>() is null)
            packet = InsertTag(packet);
        packet = PayloadWriter.Write(packet, changes);
        packet = SpecFields.Write(packet, changes);

        byte[] frame = packet.Bytes.ToArray();
        FrameChecksums.Update(frame, packet.Layers, keepAbsentChecksum);
        return new VhostPacket(frame);
    }

    private static VhostPacket InsertTag(VhostPacket packet)
    {
        if (packet.Find<EthernetLayer>() is null)
            throw PacketError.Argument(nameof(PacketSpec.VlanId), "a packet with this field", packet);
        // IEEE 802.1Q §9.3: the tag goes between the addresses and the type, which moves behind it.
        ReadOnlySpan<byte> bytes = packet.Bytes.Span;
        var frame = new byte[bytes.Length + 4];
        bytes[..TagOffset].CopyTo(frame);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(TagOffset), (ushort)EtherType.Vlan);
        bytes[TagOffset..].CopyTo(frame.AsSpan(TagOffset + 4));
        return new VhostPacket(frame);
    }
}
