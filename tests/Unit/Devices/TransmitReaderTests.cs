using VhostUser.Devices.Net;
using VhostUser.Protocol;
using VhostUser.Rings;
using Xunit;
using static VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Tests.Devices;

/// <summary>Transmitted chains as packets: every shape, every length, by a sink and an echo.</summary>
public unsafe class TransmitReaderTests
{
    [Theory]
    [InlineData(None, 10)]
    [InlineData(Version1, 12)]
    [InlineData(Version1 | HashReport, 20)]
    public void The_packet_begins_behind_the_header(VirtioFeatures features, int header)
    {
        using var net = new NetFixture(features);
        byte[] frame = Fill(net, header + 60, header);
        Assert.Equal(frame, Read(net, net.Buffer(0, header + 60)));
        Assert.Equal(frame, Read(net, net.Buffer(0, header), net.Buffer(header, 60)));
    }

    [Theory]
    [InlineData(1, 1, 10, 60)] // CVE-2022-2132: the header in three pieces of its own
    [InlineData(11, 1, 30, 30)]
    [InlineData(12, 0, 0, 60)]
    [InlineData(0, 12, 60, 0)]
    [InlineData(5, 30, 30, 7)]
    [InlineData(71, 1, 0, 0)]
    public void A_header_and_packet_may_be_cut_anywhere_CVE_2022_2132(int a, int b, int c, int d)
    {
        using var net = new NetFixture(Version1);
        byte[] frame = Fill(net, 72, 12);
        Assert.Equal(frame, Read(net, net.Buffer(0, a), net.Buffer(a, b), net.Buffer(a + b, c), net.Buffer(a + b + c, d)));
    }

    [Theory]
    [InlineData(0, DropReason.ShorterThanHeader)]
    [InlineData(1, DropReason.ShorterThanHeader)]
    [InlineData(11, DropReason.ShorterThanHeader)]
    [InlineData(12, DropReason.Empty)]
    [InlineData(12 + 65551, DropReason.TooLong)]
    [InlineData(1_000_000, DropReason.TooLong)]
    public void A_chain_that_holds_no_packet_is_dropped_with_the_reason_CVE_2022_2132(int bytes, DropReason reason)
    {
        using var net = new NetFixture(Version1);
        using var sink = new SinkDevice();
        ushort id = net.PostTransmit(net.Buffer(0, bytes));
        Assert.True(sink.Process(net.Pair));
        Assert.Equal((0L, 1L), (net.Pair.Transmit.Counters.Packets, NetFixture.Drops(net.Pair.Transmit, reason)));
        Assert.Equal([new UsedBuffer(id, 0)], NetFixture.Reap(net.TransmitRing)); // dropped, and yet returned
        Assert.False(sink.Process(net.Pair));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(65550)]
    public void The_smallest_and_the_largest_packet_pass_a_sink_and_come_back_from_an_echo(int length)
    {
        using var net = new NetFixture(Version1);
        byte[] frame = Fill(net, 12 + length, 12);
        net.PostReceive(net.Buffer(200_000, 70_000));
        net.PostTransmit(net.Buffer(0, 12 + length));
        using var echo = new EchoDevice();
        Assert.True(echo.Process(net.Pair));
        Assert.Equal((1L, (long)length), (net.Pair.Transmit.Counters.Packets, net.Pair.Transmit.Counters.Bytes));
        Assert.Equal(12u + (uint)length, Assert.Single(NetFixture.Reap(net.ReceiveRing)).Written);
        Assert.Equal(frame, net.Bytes(200_012, length).ToArray());
    }

    [Fact]
    public void A_transmit_chain_with_writable_buffers_is_dropped()
    {
        using var net = new NetFixture(Version1);
        using var sink = new SinkDevice();
        NetFixture.Post(net.TransmitRing, [net.Buffer(0, 100)], [net.Buffer(1000, 100)]);
        NetFixture.Post(net.TransmitRing, [], [net.Buffer(1000, 100)]);
        sink.Process(net.Pair);
        Assert.Equal(2, NetFixture.Drops(net.Pair.Transmit, DropReason.WrongDirection));
        Assert.Equal(2, NetFixture.Reap(net.TransmitRing).Length);
    }

    [Theory]
    [InlineData(NetHeader.NeedsCsum, 0, 0, 0)]
    [InlineData(NetHeader.NeedsCsum, 0, 0xffff, 0xffff)] // CVE-2024-11614: csum_start behind the packet
    [InlineData(NetHeader.NeedsCsum | NetHeader.DataValid, 0, 34, 16)]
    [InlineData(0, 1, 0, 0)]
    [InlineData(0, 3, 0, 0)]
    [InlineData(0, 0x80, 0, 0)]
    [InlineData(0, 255, 0xffff, 0xffff)]
    public void An_offload_that_was_not_negotiated_is_dropped_and_not_passed_on_CVE_2024_11614(byte flags, byte gso, int start, int offset)
    {
        using var net = new NetFixture(Version1);
        using var echo = new EchoDevice();
        Fill(net, 72, 12);
        var header = new NetHeader { Flags = flags, GsoType = gso, HeaderLength = 0xffff, ChecksumStart = (ushort)start, ChecksumOffset = (ushort)offset };
        System.Runtime.InteropServices.MemoryMarshal.Write(net.Bytes(0, 12), header);
        net.PostReceive(net.Buffer(4000, 1000));
        net.PostTransmit(net.Buffer(0, 1), net.Buffer(1, 71)); // in pieces: the header is gathered before it is judged
        echo.Process(net.Pair);
        Assert.Equal(1, NetFixture.Drops(net.Pair.Transmit, DropReason.InvalidHeader));
        Assert.Empty(NetFixture.Reap(net.ReceiveRing));
        Assert.Single(NetFixture.Reap(net.TransmitRing));
    }

    [Fact]
    public void Header_fields_that_mean_nothing_without_offloads_do_no_harm_and_are_not_passed_on()
    {
        using var net = new NetFixture(Version1);
        using var echo = new EchoDevice();
        byte[] frame = Fill(net, 72, 12);
        var header = new NetHeader { Flags = NetHeader.DataValid, HeaderLength = 0xffff, GsoSize = 0, ChecksumStart = 0xffff, ChecksumOffset = 0xffff, BufferCount = 0xffff };
        System.Runtime.InteropServices.MemoryMarshal.Write(net.Bytes(0, 12), header);
        net.PostReceive(net.Buffer(4000, 1000));
        net.PostTransmit(net.Buffer(0, 72));
        echo.Process(net.Pair);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, .. frame], net.Bytes(4000, 72).ToArray());
    }

    /// <summary>Writes a zero header and counting bytes at the start of the buffer area; returns the bytes behind the header.</summary>
    private static byte[] Fill(NetFixture net, int total, int header)
    {
        Span<byte> bytes = net.Bytes(0, total);
        for (int i = 0; i < total; i++) bytes[i] = i < header ? (byte)0 : (byte)(i * 7);
        return bytes[header..].ToArray();
    }

    private static byte[] Read(NetFixture net, params VhostUser.Rings.ChainBuffer[] pieces)
    {
        net.PostTransmit(pieces);
        Vring ring = net.Pair.Transmit;
        Assert.Equal(1, ring.Queue!.Take(ring.Burst, 1));
        Assert.True(TransmitReader.TryRead(ring.Burst, ref ring.Burst.Chains[0], net.HeaderLength, out PacketView packet, out _));
        byte[] copy = new byte[packet.Length];
        fixed (byte* p = copy) packet.CopyTo(p);
        ring.Queue.Return(ring.Burst.Chains, 1);
        NetFixture.Reap(net.TransmitRing);
        return copy;
    }
}
