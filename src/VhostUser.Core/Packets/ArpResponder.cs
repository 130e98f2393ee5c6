using System.Buffers.Binary;
using System.Net;

namespace VhostUser.Packets;

/// <summary>Answers ARP requests without allocating, for use between two queues.</summary>
public static class ArpResponder
{
    /// <summary>
    /// Writes the reply "that address is at <paramref name="mac"/>" to a request for an IPv4 address; VLAN tags are kept.
    /// </summary>
    /// <param name="request">The frame to answer.</param>
    /// <param name="mac">The MAC address to tell.</param>
    /// <param name="reply">Takes the reply: at least 42 bytes, and 4 more for each VLAN tag; may be the request's own memory.</param>
    /// <param name="length">The reply's length in bytes; 0 when there is none.</param>
    /// <param name="only">Answers for this address only; null answers for every address.</param>
    /// <returns>False when the frame is no ARP request to answer, or <paramref name="reply"/> is too short.</returns>
    public static bool TryBuildArpReply(
        ReadOnlySpan<byte> request, MacAddress mac, Span<byte> reply, out int length, IPAddress? only = null)
    {
        length = 0;
        int arp = FindArp(request);
        if (arp < 0 || reply.Length < arp + ArpLayer.Size || !IsRequestFor(request[arp..], only))
            return false;

        MacAddress asker = MacAddress.FromBytes(request[(arp + 8)..]);
        uint askerIp = BinaryPrimitives.ReadUInt32BigEndian(request[(arp + 14)..]);
        uint targetIp = BinaryPrimitives.ReadUInt32BigEndian(request[(arp + 24)..]);
        // RFC 5227 §1.1: who asks for its own address announces it and wants no answer.
        if (askerIp == targetIp)
            return false;

        request[..(arp + 8)].CopyTo(reply);
        asker.CopyTo(reply);
        mac.CopyTo(reply[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(reply[(arp + 6)..], (ushort)ArpOperation.Reply);
        mac.CopyTo(reply[(arp + 8)..]);
        BinaryPrimitives.WriteUInt32BigEndian(reply[(arp + 14)..], targetIp);
        asker.CopyTo(reply[(arp + 18)..]);
        BinaryPrimitives.WriteUInt32BigEndian(reply[(arp + 24)..], askerIp);
        length = arp + ArpLayer.Size;
        return true;
    }

    private static int FindArp(ReadOnlySpan<byte> frame)
    {
        for (int type = 12; type + 2 + ArpLayer.Size <= frame.Length; type += 4)
        {
            switch ((EtherType)BinaryPrimitives.ReadUInt16BigEndian(frame[type..]))
            {
                case EtherType.Arp: return type + 2;
                case EtherType.Vlan or EtherType.ProviderVlan: break;
                default: return -1;
            }
        }
        return -1;
    }

    private static bool IsRequestFor(ReadOnlySpan<byte> arp, IPAddress? only)
    {
        // RFC 826: Ethernet (1, 6 bytes), IPv4 (0x0800, 4 bytes), operation 1.
        if (!arp.StartsWith((ReadOnlySpan<byte>)[0, 1, 8, 0, 6, 4, 0, 1]))
            return false;
        if (only is null)
            return true;
        Span<byte> address = stackalloc byte[16];
        return only.TryWriteBytes(address, out int size) && size == 4 && arp.Slice(24, 4).SequenceEqual(address[..4]);
    }
}
