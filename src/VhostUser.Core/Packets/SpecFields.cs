using System.Net;

namespace VhostUser.Packets;

/// <summary>Writes the header fields a spec names into a packet, each at the place the packet has it.</summary>
internal static class SpecFields
{
    /// <summary>Writes the fields; throws <see cref="ArgumentException"/> when the packet lacks one or a value does not fit it.</summary>
    internal static VhostPacket Write(VhostPacket packet, PacketSpec spec)
    {
        // First what decides which further fields the packet has.
        packet = Set(packet, PacketField.EtherType, spec.EtherType);
        packet = Set(packet, PacketField.ArpOperation, (int?)spec.ArpOperation);
        packet = Set(packet, PacketField.IpProtocol, spec.IpProtocol);
        string typeName = spec.IcmpType is null ? nameof(spec.IcmpMessage) : nameof(spec.IcmpType);
        packet = Set(packet, PacketField.IcmpType, IcmpType(packet, spec), typeName);

        packet = Set(packet, PacketField.SourceMac, spec.SourceMac);
        packet = Set(packet, PacketField.DestinationMac, spec.DestinationMac);
        packet = Set(packet, PacketField.VlanId, spec.VlanId);
        packet = Set(packet, PacketField.VlanPriority, spec.VlanPriority);
        packet = Set(packet, PacketField.Source, spec.Source);
        packet = Set(packet, PacketField.Destination, spec.Destination);
        packet = Set(packet, PacketField.TimeToLive, spec.TimeToLive);
        packet = Set(packet, PacketField.Dscp, spec.Dscp);
        packet = Set(packet, PacketField.Id, spec.Id);
        packet = Set(packet, PacketField.DontFragment, spec.DontFragment is { } flag ? (flag ? 1 : 0) : null);
        packet = Set(packet, PacketField.SourcePort, spec.SourcePort);
        packet = Set(packet, PacketField.DestinationPort, spec.DestinationPort);
        packet = Set(packet, PacketField.Sequence, spec.Sequence);
        packet = Set(packet, PacketField.Acknowledgment, spec.Acknowledgment);
        packet = Set(packet, PacketField.TcpFlags, (int?)spec.TcpFlags);
        packet = Set(packet, PacketField.Window, spec.Window);
        packet = Set(packet, PacketField.IcmpCode, spec.IcmpCode);
        return Set(packet, PacketField.IcmpId, spec.IcmpId);
    }

    /// <summary>The places of a field; throws <see cref="ArgumentException"/> when the packet lacks it.</summary>
    internal static FieldSlot[] Require(VhostPacket packet, PacketField field, string name)
    {
        FieldSlot[] slots = FieldMap.Find(packet, field);
        if (slots.Length == 0)
            throw PacketError.Argument(name, "a packet with this field", packet);
        return slots;
    }

    /// <summary>
    /// Throws <see cref="ArgumentException"/> when the packet, such as a fragment, lacks bytes its checksum would need after
    /// a change.
    /// </summary>
    internal static void RequireChecksum(VhostPacket packet, PacketField field, string name)
    {
        if (FieldMap.IsCoveredByTransport(field) && FrameChecksums.ArePartial(packet.Layers))
            throw PacketError.Argument(name, "a whole packet, whose checksum can follow the change", packet);
    }

    private static FieldSlot[] Places(VhostPacket packet, PacketField field, string name)
    {
        RequireChecksum(packet, field, name);
        return Require(packet, field, name);
    }

    private static long? IcmpType(VhostPacket packet, PacketSpec spec)
    {
        if (spec.IcmpType is not null && spec.IcmpMessage is not null)
            throw PacketError.Argument(nameof(spec.IcmpType), "either it or IcmpMessage", "both");
        if (spec.IcmpMessage is not { } message)
            return spec.IcmpType;
        return IcmpTypes.Number(message, packet.Find<IcmpLayer>()?.Version ?? 4);
    }

    private static VhostPacket Set(VhostPacket packet, PacketField field, long? value, string? name = null)
    {
        if (value is not { } number)
            return packet;
        name ??= field.ToString();
        FieldSlot[] slots = Places(packet, field, name);
        if (number < 0 || (UInt128)number > slots[0].Maximum)
            throw PacketError.Argument(name, $"0 to {slots[0].Maximum}", number);
        byte[] frame = packet.Bytes.ToArray();
        foreach (FieldSlot slot in slots)
            slot.Write(frame, (UInt128)number);
        return new VhostPacket(frame);
    }

    private static VhostPacket Set(VhostPacket packet, PacketField field, MacAddress? value)
    {
        if (value is not { } address)
            return packet;
        byte[] frame = packet.Bytes.ToArray();
        foreach (FieldSlot slot in Places(packet, field, field.ToString()))
            address.CopyTo(frame.AsSpan(slot.Offset));
        return new VhostPacket(frame);
    }

    private static VhostPacket Set(VhostPacket packet, PacketField field, IPAddress? value)
    {
        if (value is null)
            return packet;
        FieldSlot slot = Places(packet, field, field.ToString())[0];
        byte[] address = value.GetAddressBytes();
        if (address.Length != slot.Width)
            throw PacketError.Argument(field.ToString(), $"an {(slot.Width == 4 ? "IPv4" : "IPv6")} address", value);
        byte[] frame = packet.Bytes.ToArray();
        address.CopyTo(frame, slot.Offset);
        return new VhostPacket(frame);
    }
}
