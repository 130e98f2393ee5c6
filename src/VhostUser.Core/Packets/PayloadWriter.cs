using System.Buffers.Binary;
using System.Text;

namespace VhostUser.Packets;

/// <summary>Replaces the payload of a packet, fills it up to a wanted frame length, and corrects the length fields.</summary>
internal static class PayloadWriter
{
    private const int EthernetMinimum = 60;
    private const int MaximumLengthField = ushort.MaxValue;

    /// <summary>Applies the payload and length wishes of a spec; the checksums are left to the caller.</summary>
    internal static VhostPacket Write(VhostPacket packet, PacketSpec spec)
    {
        byte[]? payload = Payload(spec);
        if (payload is not null || spec.Length is not null || spec.MinimumLength is not null)
            packet = packet.Find<ArpLayer>() is null ? Replace(packet, payload ?? packet.Payload, spec) : FillArp(packet, payload, spec);
        return spec.PadToMinimum && packet.Length < EthernetMinimum ? Pad(packet, EthernetMinimum) : packet;
    }

    private static byte[]? Payload(PacketSpec spec)
    {
        if (spec.Payload is not null && spec.PayloadText is not null)
            throw PacketError.Argument(nameof(spec.Payload), "either it or PayloadText", "both");
        return spec.PayloadText is { } text ? Encoding.UTF8.GetBytes(text) : spec.Payload?.ToArray();
    }

    private static VhostPacket FillArp(VhostPacket packet, byte[]? payload, PacketSpec spec)
    {
        if (payload is not null)
            throw PacketError.Argument(nameof(spec.Payload), "a packet with a payload", packet);
        ArpLayer arp = packet.Find<ArpLayer>()!;
        int end = arp.Offset + arp.Length;
        return Pad(new VhostPacket(packet.Bytes[..end]), WantedLength(end, MaximumLengthField, spec));
    }

    private static VhostPacket Replace(VhostPacket packet, byte[] payload, PacketSpec spec)
    {
        if (packet.Find<EthernetLayer>() is null || FrameChecksums.ArePartial(packet.Layers))
            throw PacketError.Argument(nameof(spec.Payload), "a whole packet, whose payload can be replaced", packet);
        PacketLayer last = packet.Layers.Last(layer => layer is not (PayloadLayer or TrailerLayer));
        int start = last.Offset + last.Length;
        int maximum = MaximumPayload(packet, start);
        if (payload.Length > maximum)
            throw PacketError.Argument(nameof(spec.Payload), $"at most {maximum} bytes in this {packet.Protocol} packet", payload.Length);
        var frame = new byte[WantedLength(start + payload.Length, start + maximum, spec)];
        packet.Bytes.Span[..start].CopyTo(frame);
        payload.CopyTo(frame, start);
        WriteLengths(frame, packet);
        return new VhostPacket(frame);
    }

    private static int WantedLength(int content, int maximum, PacketSpec spec)
    {
        if (spec.Length is { } exact && (exact < content || exact > maximum))
            throw PacketError.Argument(nameof(spec.Length), $"{content} (headers and payload) to {maximum} bytes", exact);
        int limit = spec.Length ?? maximum;
        if (spec.MinimumLength is { } minimum && (minimum < 0 || minimum > limit))
            throw PacketError.Argument(nameof(spec.MinimumLength), $"0 to {limit} bytes", minimum);
        return spec.Length ?? Math.Max(content, spec.MinimumLength ?? 0);
    }

    /// <summary>What the 16-bit length fields leave for the payload; frames without one are held to the same number.</summary>
    private static int MaximumPayload(VhostPacket packet, int start) => packet.Find<IpLayer>() switch
    {
        Ipv4Layer ip => MaximumLengthField - (start - ip.Offset),
        Ipv6Layer ip => MaximumLengthField - (start - ip.Offset - ip.Length),
        _ => IsLengthFrame(packet) ? FrameDecoder.MaximumDataLength : MaximumLengthField,
    };

    private static bool IsLengthFrame(VhostPacket packet) => (int)packet.EtherType <= FrameDecoder.MaximumDataLength;

    private static void WriteLengths(byte[] frame, VhostPacket packet)
    {
        switch (packet.Find<IpLayer>())
        {
            case Ipv4Layer ip: WriteUInt16(frame, ip.Offset + 2, frame.Length - ip.Offset); break;
            case Ipv6Layer ip: WriteUInt16(frame, ip.Offset + 4, frame.Length - ip.Offset - ip.Length); break;
            case null when IsLengthFrame(packet):
                PacketLayer header = packet.Layers.Last(layer => layer is EthernetLayer or VlanLayer);
                int end = header.Offset + header.Length;
                WriteUInt16(frame, end - 2, frame.Length - end);
                break;
        }
        if (packet.Find<UdpLayer>() is { } udp)
            WriteUInt16(frame, udp.Offset + 4, frame.Length - udp.Offset);
    }

    private static void WriteUInt16(byte[] frame, int offset, int value) =>
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(offset), (ushort)value);

    private static VhostPacket Pad(VhostPacket packet, int length)
    {
        var frame = new byte[length];
        packet.Bytes.CopyTo(frame);
        return new VhostPacket(frame);
    }
}
