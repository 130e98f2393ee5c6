using System.Buffers.Binary;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>What testpmd 22.11's generators put on the ring, so that a receiver can check every byte.</summary>
/// <remarks>
/// All frames are Ethernet + IPv4 (no options, id 0, TTL 64, valid header checksum) + UDP (checksum 0, none) and have no FCS. The payload
/// is never written: it is what the buffer held before, in a fresh process that only sends all zeros (captured: every payload byte was 0).
/// Neither generator has a sequence number, but both vary an address by a counter, which they set back when the ring was full:
/// the ring sees every number in turn, without a gap, whatever was dropped.
/// <list type="bullet">
/// <item><b>txonly</b>, length L as given: destination 02:00:00:00:00:00, source the port's own address, 198.18.0.1:9 → 198.18.0.2:9. All
/// frames are alike, so a hash or a comparison with <see cref="TxOnly"/> is the check.</item>
/// <item><b>txonly --txonly-multi-flow</b>: the same, but the source is 198.18.n.(2 + lcore),
/// n counting 0 … 255 per lcore; lcore is 1 here.</item>
/// <item><b>flowgen</b>, length L − 4 (it leaves out the FCS): 00:01:02:03:04:00 → 00:01:02:03:04:01, 10.254.0.0:1000 →
/// 10.253.0.0 + n, port 1001, n counting 0 … flows − 1 per lcore: <see cref="FlowGenNumber"/>. It does not fill more than the first segment.</item>
/// </list>
/// With several queue pairs one lcore serves all queues in turn, so the numbers count over the queues together.
/// For contents of one's own choosing, replay a pcap file (<see cref="TestpmdOptions.ReplayFile"/>).
/// </remarks>
public static class TestpmdFrames
{
    /// <summary>The length of the headers in front of the payload.</summary>
    public const int HeaderLength = 14 + 20 + 8;

    private const uint TxOnlySource = 0xc612_0001;
    private const uint TxOnlyDestination = 0xc612_0002;
    private const uint FlowGenSource = 0x0afe_0000;
    private const uint FlowGenDestination = 0x0afd_0000;

    /// <summary>The frame of <paramref name="length"/> bytes that txonly sends from the port <paramref name="source"/>.</summary>
    public static byte[] TxOnly(int length, ReadOnlySpan<byte> source) =>
        Build(length, [2, 0, 0, 0, 0, 0], source, TxOnlySource, TxOnlyDestination, 9, 9);

    /// <summary>The <paramref name="number"/>-th frame txonly sends with multi-flow, from lcore 1.</summary>
    public static byte[] TxOnlyMultiFlow(int length, ReadOnlySpan<byte> source, byte number) =>
        Build(length, [2, 0, 0, 0, 0, 0], source, (TxOnlyDestination | ((uint)number << 8)) + 1, TxOnlyDestination, 9, 9);

    /// <summary>The frame number <paramref name="number"/> that flowgen sends, where <paramref name="length"/> is what arrives.</summary>
    public static byte[] FlowGen(int length, int number) =>
        Build(length, [0, 1, 2, 3, 4, 1], [0, 1, 2, 3, 4, 0], FlowGenSource, FlowGenDestination + (uint)number, 1000, 1001);

    /// <summary>The number of a flowgen frame, or −1 when the frame is not one, to the last byte.</summary>
    public static int FlowGenNumber(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < HeaderLength) return -1;
        var number = (int)(BinaryPrimitives.ReadUInt32BigEndian(frame[30..]) - FlowGenDestination);
        return number >= 0 && frame.SequenceEqual(FlowGen(frame.Length, number)) ? number : -1;
    }

    private static byte[] Build(
        int length, ReadOnlySpan<byte> to, ReadOnlySpan<byte> from,
        uint source, uint destination, ushort sourcePort, ushort destinationPort)
    {
        var frame = new byte[length];
        to.CopyTo(frame);
        from.CopyTo(frame.AsSpan(6));
        frame[12] = 8;
        var ip = frame.AsSpan(14);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(length - 14));
        ip[8] = 64;
        ip[9] = 17;
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], source);
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], destination);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(ip[..20]));
        var udp = ip[20..];
        BinaryPrimitives.WriteUInt16BigEndian(udp, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)(length - 34));
        return frame;
    }

    private static ushort Checksum(ReadOnlySpan<byte> header)
    {
        uint sum = 0;
        for (var i = 0; i < header.Length; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(header[i..]);
        while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}
