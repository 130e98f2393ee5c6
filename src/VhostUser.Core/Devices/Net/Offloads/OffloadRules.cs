using System.Runtime.CompilerServices;
using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Devices.Net.Offloads;

/// <summary>What a header may ask for, by the features of the side that it came from and of the side that it goes to.</summary>
internal static class OffloadRules
{
    /// <summary>
    /// Whether a driver may send this header: nothing that was not negotiated, a checksum inside the packet, a segment size where
    /// there are segments (virtio 1.3 §5.1.6.2). The lengths are the guest's word; nothing here trusts them further.
    /// </summary>
    /// <param name="header">A private copy of the header.</param>
    /// <param name="features">The features of the sending driver.</param>
    /// <param name="length">Bytes of the packet behind the header.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsAllowed(in NetHeader header, VirtioFeatures features, uint length) =>
        ((header.Flags & NetHeader.NeedsCsum) | header.GsoType) == 0 || IsAllowedOffload(header, features, length);

    /// <summary>Whether a driver with these features takes the packet as the header describes it, or wants it finished first (virtio 1.3 §5.1.6.4.1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsAccepted(in NetHeader header, VirtioFeatures features) =>
        ((header.Flags & NetHeader.NeedsCsum) | header.GsoType) == 0
        || (features & VirtioFeatures.GuestCsum) != 0 && (features & ReceiveFeatures(header.GsoType)) == ReceiveFeatures(header.GsoType);

    /// <summary>The features that sending a packet with this header takes.</summary>
    public static VirtioFeatures FeaturesToSend(in NetHeader header) => VirtioFeatures.Csum | SendFeatures(header.GsoType);

    /// <summary>
    /// The header that tells a guest what is left to it: nothing but what concerns it, and a hdr_len that is right whoever wrote
    /// the packet (virtio 1.3 §5.1.6.4.1). Without GUEST_CSUM the flags are zero.
    /// </summary>
    /// <param name="packet">The packet; its TCP header's length is looked at.</param>
    /// <param name="header">A private, checked copy of the header it came with.</param>
    /// <param name="features">The receiving guest's features.</param>
    public static NetHeader Describe(in PacketView packet, in NetHeader header, VirtioFeatures features)
    {
        var told = default(NetHeader);
        if ((features & VirtioFeatures.GuestCsum) == 0) return told;
        told.Flags = (byte)(header.Flags & (NetHeader.NeedsCsum | NetHeader.DataValid));
        if ((told.Flags & NetHeader.NeedsCsum) == 0) return told;
        told.ChecksumStart = header.ChecksumStart;
        told.ChecksumOffset = header.ChecksumOffset;
        if (header.GsoType == GsoType.None) return told;
        told.GsoType = header.GsoType;
        told.GsoSize = header.GsoSize;
        told.HeaderLength = (ushort)Math.Min(header.ChecksumStart + TransportLength(packet, header), packet.Length);
        return told;
    }

    // The checksum of TCP and UDP starts with their header, so what follows it is known from there.
    private static unsafe uint TransportLength(in PacketView packet, in NetHeader header)
    {
        const int UdpLength = 8, TcpDataOffset = 12, TcpLength = 20;
        if ((header.GsoType & ~GsoType.Ecn) is GsoType.Udp or GsoType.UdpL4) return UdpLength;
        byte words = 0;
        SegmentCursor cursor = packet.Cursor();
        cursor.Skip((uint)header.ChecksumStart + TcpDataOffset);
        cursor.Read(&words, 1);
        return Math.Max((uint)(words >> 4) * 4, TcpLength);
    }

    private static bool IsAllowedOffload(in NetHeader header, VirtioFeatures features, uint length)
    {
        if ((header.Flags & NetHeader.NeedsCsum) != 0)
        {
            if ((features & VirtioFeatures.Csum) == 0) return false;
            if ((uint)header.ChecksumStart + header.ChecksumOffset + sizeof(ushort) > length) return false;
        }
        if (header.GsoType == GsoType.None) return true;
        // Every segment needs a checksum of its own, so whoever leaves the cutting leaves the checksum too.
        if ((header.Flags & NetHeader.NeedsCsum) == 0 || header.GsoSize == 0) return false;
        // Only a driver that said so gives an exact hdr_len; another's means nothing (virtio 1.3 §5.1.6.2.2).
        if ((features & VirtioFeatures.GuestHdrLen) != 0 && header.HeaderLength > length) return false;
        VirtioFeatures needed = SendFeatures(header.GsoType);
        return needed != 0 && (features & needed) == needed;
    }

    /// <summary>The features that sending a packet of this type takes; 0 for a type that does not exist.</summary>
    private static VirtioFeatures SendFeatures(byte type) => type switch
    {
        GsoType.TcpV4 => VirtioFeatures.HostTso4,
        GsoType.TcpV4 | GsoType.Ecn => VirtioFeatures.HostTso4 | VirtioFeatures.HostEcn,
        GsoType.TcpV6 => VirtioFeatures.HostTso6,
        GsoType.TcpV6 | GsoType.Ecn => VirtioFeatures.HostTso6 | VirtioFeatures.HostEcn,
        GsoType.Udp => VirtioFeatures.HostUfo,
        GsoType.UdpL4 => VirtioFeatures.HostUso,
        _ => VirtioFeatures.None,
    };

    // A header does not say which IP a UDP_L4 packet has, so its receiver must take both.
    private static VirtioFeatures ReceiveFeatures(byte type) => type switch
    {
        GsoType.TcpV4 => VirtioFeatures.GuestTso4,
        GsoType.TcpV4 | GsoType.Ecn => VirtioFeatures.GuestTso4 | VirtioFeatures.GuestEcn,
        GsoType.TcpV6 => VirtioFeatures.GuestTso6,
        GsoType.TcpV6 | GsoType.Ecn => VirtioFeatures.GuestTso6 | VirtioFeatures.GuestEcn,
        GsoType.Udp => VirtioFeatures.GuestUfo,
        GsoType.UdpL4 => VirtioFeatures.GuestUso4 | VirtioFeatures.GuestUso6,
        _ => VirtioFeatures.None,
    };
}
