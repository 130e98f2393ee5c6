using System.Runtime.InteropServices;
using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Packets;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>Packets that leave something to the back-end: a checksum to complete, segments to cut.</summary>
public sealed partial class VhostClient
{
    /// <summary>Sends a packet, once or many times, with the header that says what it leaves to the back-end.</summary>
    /// <param name="packet">The packet. A received one that still lacks its checksum gets it here if the back-end does not take it so.</param>
    /// <param name="queue">Transmit ring: an odd index.</param>
    /// <param name="count">How often.</param>
    /// <param name="pace">Says when packets are due.</param>
    /// <param name="timeout">How long to wait for room in the ring, each time it is full.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <param name="progress">Told how many were sent, five times a second at most; null to tell nobody.</param>
    /// <returns>How many were sent: <paramref name="count"/>.</returns>
    /// <exception cref="VhostException">FeatureMissing, RingFull, PacketTooLarge, RingIndexInvalid, PeerDisconnected …</exception>
    public long Send(VhostPacket packet, int queue, long count, SendPace pace, TimeSpan timeout, CancellationToken cancel, Action<long>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(packet);
        if (packet.Request.IsEmpty) return Send(packet.Bytes.Span, default, queue, count, pace, timeout, cancel, progress);
        NetHeader header = ReadRequest(packet);
        if (OffloadRules.IsAllowed(header, UsedFeatures, (uint)packet.Length)) return Send(packet.Bytes.Span, header, queue, count, pace, timeout, cancel, progress);
        if (packet is ReceivedPacket received && header.GsoType == GsoType.None)
            return Send(received.CompleteChecksum().Bytes.Span, default, queue, count, pace, timeout, cancel, progress);
        throw Refuse(header, packet);
    }

    private VirtioFeatures UsedFeatures => _handshake?.Features ?? 0;

    private NetHeader ReadRequest(VhostPacket packet)
    {
        var header = default(NetHeader);
        packet.Request[..NetHeader.LegacyLength].CopyTo(MemoryMarshal.AsBytes(new Span<NetHeader>(ref header)));
        header.Flags &= NetHeader.NeedsCsum;
        // Fragments of a datagram instead of datagrams, where the back-end makes only these.
        if (header.GsoType == GsoType.UdpL4 && (UsedFeatures & (VirtioFeatures.HostUso | VirtioFeatures.HostUfo)) == VirtioFeatures.HostUfo) header.GsoType = GsoType.Udp;
        return header;
    }

    private VhostException Refuse(in NetHeader header, VhostPacket packet)
    {
        VirtioFeatures needed = OffloadRules.FeaturesToSend(header);
        VirtioFeatures missing = needed & ~UsedFeatures;
        if (missing == 0)
            return new VhostException(VhostError.PacketInvalid, $"Client '{Name}': the packet's header does not fit its {packet.Length} bytes: {NetHeaderInfo.Parse(packet.Request)}.", Name,
                "The checksum must lie inside the packet, and segments have a size of at least 1.");
        return new VhostException(VhostError.FeatureMissing, $"Client '{Name}': the packet leaves work to the back-end that takes {string.Join(", ", FeatureNames.Of(missing))}, which was not negotiated.", Name,
            $"Connect with -Feature {string.Join(", ", FeatureNames.Of(needed))}.");
    }
}
