using VhostUser.Devices.Net;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;
using Xunit;
using static VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Tests.Devices;

/// <summary>Packets into the buffers that a driver posted, whatever it posted.</summary>
public unsafe class ReceiveFillerTests
{
    private static readonly byte[] _packet = [.. Enumerable.Range(1, 200).Select(i => (byte)i)];

    [Theory]
    [InlineData(None, 10)]
    [InlineData(Version1, 12)]
    [InlineData(Version1 | MrgRxbuf, 12)]
    [InlineData(Version1 | HashReport, 20)]
    public void A_packet_stands_behind_a_header_of_zeros_with_num_buffers_1(VirtioFeatures features, int header)
    {
        using var net = new NetFixture(features);
        net.Bytes(0, 1024).Fill(0xee);
        net.PostReceive(net.Buffer(0, 1024));
        Assert.True(Write(net, _packet));
        net.Pair.Filler.Flush();
        Assert.Equal([new UsedBuffer(0, (uint)(header + 200))], NetFixture.Reap(net.ReceiveRing));
        byte[] expected = new byte[header];
        if (header >= 12) expected[10] = 1; // virtio 1.3 §5.1.6.4.1: 1 even without MRG_RXBUF
        Assert.Equal(expected, net.Bytes(0, header).ToArray());
        Assert.Equal(_packet, net.Bytes(header, 200).ToArray());
        Assert.Equal(-1, net.Bytes(header + 200, 1024 - header - 200).IndexOfAnyExcept((byte)0xee));
        Assert.Equal((1L, 200L), (net.Pair.Receive.Counters.Packets, net.Pair.Receive.Counters.Bytes));
    }

    [Theory]
    [InlineData(1, 1, 10, 200)] // CVE-2022-2132: a header in three pieces
    [InlineData(12, 200, 1, 1)]
    [InlineData(5, 0, 8, 300)]
    [InlineData(211, 1, 1, 1)]
    public void A_buffer_in_pieces_is_filled_across_them_CVE_2022_2132(int a, int b, int c, int d)
    {
        using var net = new NetFixture(Version1);
        net.PostReceive(net.Buffer(0, a), net.Buffer(1000, b), net.Buffer(2000, c), net.Buffer(3000, d));
        Assert.True(Write(net, _packet));
        net.Pair.Filler.Flush();
        Assert.Equal(212u, Assert.Single(NetFixture.Reap(net.ReceiveRing)).Written);
        byte[] got = [.. net.Bytes(0, a), .. net.Bytes(1000, b), .. net.Bytes(2000, c), .. net.Bytes(3000, d)];
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, .. _packet], got[..212]);
    }

    [Theory]
    [InlineData(100, 3, new[] { 100, 100, 12 })]
    [InlineData(106, 2, new[] { 106, 106 })]
    [InlineData(12, 2, new[] { 12, 200 })] // the header fills the first buffer
    public void A_packet_larger_than_a_buffer_is_merged_from_several(int first, int buffers, int[] written)
    {
        using var net = new NetFixture(Version1 | MrgRxbuf);
        for (int i = 0; i < 5; i++) net.PostReceive(net.Buffer(i * 1000, i > 0 && first == 12 ? 500 : first));
        Assert.True(Write(net, _packet));
        net.Pair.Filler.Flush();
        UsedBuffer[] used = NetFixture.Reap(net.ReceiveRing);
        Assert.Equal(written.Select((bytes, i) => new UsedBuffer((ushort)i, (uint)bytes)), used);
        Assert.Equal(buffers, BitConverter.ToUInt16(net.Bytes(10, 2)));
        byte[] got = [.. used.SelectMany((buffer, i) => net.Bytes(i * 1000, (int)buffer.Written).ToArray())];
        Assert.Equal(_packet, got[12..]);
        Assert.True(Write(net, _packet.AsSpan(0, 50))); // the next packet finds the next buffers
    }

    [Fact]
    public void Without_merging_an_undersized_buffer_goes_back_unused_with_the_packet_dropped_and_the_next_is_filled()
    {
        using var net = new NetFixture(Version1);
        net.PostReceive(net.Buffer(0, 211));
        net.PostReceive(net.Buffer(1000, 1000));
        Assert.False(Write(net, _packet));
        Assert.Equal(1, NetFixture.Drops(net.Pair.Receive, DropReason.ReceiveBufferTooSmall));
        Assert.True(Write(net, _packet));
        net.Pair.Filler.Flush();
        Assert.Equal([0u, 212u], NetFixture.Reap(net.ReceiveRing).Select(used => used.Written));
    }

    [Fact]
    public void Without_merging_a_packet_longer_than_a_proper_buffer_is_dropped_and_the_buffer_takes_a_shorter_one()
    {
        using var net = new NetFixture(Version1);
        net.PostReceive(net.Buffer(0, 1526));
        Assert.False(Write(net, new byte[1515]));
        Assert.True(net.Pair.Filler.IsStarved);
        net.Pair.Filler.Flush();
        Assert.Empty(NetFixture.Reap(net.ReceiveRing));
        Assert.True(Write(net, new byte[1514]));
        Assert.False(net.Pair.Filler.IsStarved);
        net.Pair.Filler.Flush();
        Assert.Equal(1526u, Assert.Single(NetFixture.Reap(net.ReceiveRing)).Written);
    }

    [Fact]
    public void A_readable_chain_amid_merged_buffers_goes_back_and_long_packets_pass_again()
    {
        using var net = new NetFixture(Version1 | MrgRxbuf);
        net.PostReceive(net.Buffer(0, 100));
        NetFixture.Post(net.ReceiveRing, [net.Buffer(500, 100)], []);
        net.PostReceive(net.Buffer(1000, 100));
        net.PostReceive(net.Buffer(2000, 200));
        Assert.False(Write(net, _packet));
        Assert.Equal(1, NetFixture.Drops(net.Pair.Receive, DropReason.WrongDirection));
        Assert.True(Write(net, _packet));
        net.Pair.Filler.Flush();
        Assert.Equal([0u, 0u, 100u, 112u], NetFixture.Reap(net.ReceiveRing).Select(used => used.Written));
    }

    [Fact]
    public void A_whole_ring_of_merged_buffers_that_is_too_small_goes_back_with_the_reason()
    {
        using var net = new NetFixture(Version1 | MrgRxbuf);
        for (int i = 0; i < 8; i++) net.PostReceive(net.Buffer(i * 100, 20));
        Assert.False(Write(net, _packet));
        net.Pair.Filler.Flush();
        Assert.Equal(1, NetFixture.Drops(net.Pair.Receive, DropReason.ReceiveBufferTooSmall));
        Assert.Equal(8, NetFixture.Reap(net.ReceiveRing).Length);
    }

    [Theory]
    [InlineData(Version1)]
    [InlineData(Version1 | MrgRxbuf)]
    public void Buffers_that_hold_not_even_a_header_drop_every_packet_and_end_no_loop(VirtioFeatures features)
    {
        using var net = new NetFixture(features);
        for (int i = 0; i < 8; i++) net.PostReceive(net.Buffer(i * 100, 11));
        for (int i = 0; i < 1000; i++) Assert.False(Write(net, _packet));
        net.Pair.Filler.Flush();
        Assert.Equal(1000, NetFixture.Drops(net.Pair.Receive, DropReason.NoReceiveBuffer));
        Assert.Equal(8, NetFixture.Drops(net.Pair.Receive, DropReason.ReceiveBufferTooSmall));
        Assert.All(NetFixture.Reap(net.ReceiveRing), used => Assert.Equal(0u, used.Written));
    }

    [Fact]
    public void Buffers_of_no_bytes_are_stepped_over_in_a_merged_packet()
    {
        using var net = new NetFixture(Version1 | MrgRxbuf);
        net.PostReceive(net.Buffer(0, 100));
        net.PostReceive(net.Buffer(1000, 0));
        net.PostReceive(net.Buffer(2000, 200));
        Assert.True(Write(net, _packet));
        net.Pair.Filler.Flush();
        Assert.Equal([100u, 0u, 112u], NetFixture.Reap(net.ReceiveRing).Select(used => used.Written));
        Assert.Equal(3, BitConverter.ToUInt16(net.Bytes(10, 2)));
    }

    [Fact]
    public void Too_few_merged_buffers_drop_the_packet_and_stay_with_the_driver()
    {
        using var net = new NetFixture(Version1 | MrgRxbuf);
        net.PostReceive(net.Buffer(0, 100));
        net.PostReceive(net.Buffer(1000, 100));
        Assert.False(Write(net, _packet));
        Assert.Equal(1, NetFixture.Drops(net.Pair.Receive, DropReason.NoReceiveBuffer));
        net.Pair.Filler.Flush();
        Assert.Empty(NetFixture.Reap(net.ReceiveRing));
        net.PostReceive(net.Buffer(2000, 100));
        Assert.True(Write(net, _packet)); // all three together do
    }

    [Fact]
    public void A_ring_without_buffers_drops_and_goes_on_when_there_are_some()
    {
        using var net = new NetFixture(Version1);
        Assert.False(net.Pair.Filler.HasBuffer);
        Assert.False(Write(net, _packet));
        Assert.Equal(1, NetFixture.Drops(net.Pair.Receive, DropReason.NoReceiveBuffer));
        net.PostReceive(net.Buffer(0, 1000));
        Assert.True(net.Pair.Filler.HasBuffer);
        Assert.True(Write(net, _packet));
    }

    [Fact]
    public void Readable_buffers_on_a_receive_ring_go_back_unwritten_and_the_next_is_used()
    {
        using var net = new NetFixture(Version1);
        NetFixture.Post(net.ReceiveRing, [net.Buffer(0, 1000)], []);
        NetFixture.Post(net.ReceiveRing, [net.Buffer(1000, 12)], [net.Buffer(2000, 1000)]);
        net.PostReceive(net.Buffer(3000, 1000));
        Assert.True(Write(net, _packet));
        net.Pair.Filler.Flush();
        Assert.Equal([0u, 0u, 212u], NetFixture.Reap(net.ReceiveRing).Select(used => used.Written));
        Assert.Equal(2, NetFixture.Drops(net.Pair.Receive, DropReason.WrongDirection));
        Assert.Equal(_packet, net.Bytes(3012, 200).ToArray());
    }

    [Fact]
    public void A_receive_ring_of_nothing_but_readable_buffers_needs_no_stack()
    {
        using var net = new NetFixture(Version1, size: 32768, regionBytes: 16 << 20);
        for (int i = 0; i < 32768; i++) net.ReceiveRing.Queue.AddSingle(net.Buffers.GuestAddress, 1000, writable: false);
        net.ReceiveRing.Queue.Publish();
        net.Pair.Filler.Expect(256);
        bool sent = true;
        var thread = new Thread(() => sent = Write(net, _packet), maxStackSize: 256 << 10);
        thread.Start();
        thread.Join();
        Assert.False(sent);
        Assert.Equal(32768, NetFixture.Drops(net.Pair.Receive, DropReason.WrongDirection));
        net.Pair.Filler.Flush();
        Assert.Equal(32768, NetFixture.Reap(net.ReceiveRing).Length);
    }

    [Fact]
    public void Buffers_that_were_looked_at_and_not_filled_are_not_returned()
    {
        using var net = new NetFixture(Version1);
        for (int i = 0; i < 8; i++) net.PostReceive(net.Buffer(i * 1000, 1000));
        net.Pair.Filler.Expect(8);
        Assert.True(Write(net, _packet));
        Assert.Empty(NetFixture.Reap(net.ReceiveRing)); // published by Flush, at once
        net.Pair.Filler.Flush();
        Assert.Equal([new UsedBuffer(0, 212)], NetFixture.Reap(net.ReceiveRing));
        Assert.Equal(1u, net.Pair.Receive.Queue!.Base);
        Assert.True(Write(net, _packet.AsSpan(0, 1)));
        net.Pair.Filler.Flush();
        Assert.Equal([new UsedBuffer(1, 13)], NetFixture.Reap(net.ReceiveRing));
    }

    [Theory]
    [InlineData(Version1, 12, 1)]
    [InlineData(None, 10, 0)]
    [InlineData(Version1 | HashReport, 20, 1)]
    public void A_checksum_that_is_left_to_the_guest_is_told_in_its_header(VirtioFeatures features, int length, int buffers)
    {
        using var net = new NetFixture(features | GuestCsum);
        net.Bytes(0, 1024).Fill(0xee);
        net.PostReceive(net.Buffer(0, 1024));
        Assert.True(Write(net, _packet, new NetHeader { Flags = NetHeader.NeedsCsum, ChecksumStart = 34, ChecksumOffset = 16, HeaderLength = 0xffff, GsoSize = 7, BufferCount = 99 }));
        net.Pair.Filler.Flush();
        byte[] expected = [1, 0, 0, 0, 0, 0, 34, 0, 16, 0, (byte)buffers, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        Assert.Equal(expected[..length], net.Bytes(0, length).ToArray());
        Assert.Equal(_packet, net.Bytes(length, 200).ToArray());
    }

    [Theory]
    [InlineData(1, 34, 0x80, 66)] // TCP: the length of its header is in the packet
    [InlineData(1, 34, 0x10, 54)] // less than any TCP header has
    [InlineData(1, 190, 0xf0, 200)] // not beyond the packet
    [InlineData(0x84, 54, 0x50, 74)]
    [InlineData(5, 34, 0x80, 42)] // UDP
    public void The_header_length_of_a_packet_to_cut_is_measured_and_not_believed(byte type, byte start, byte dataOffset, byte expected)
    {
        using var net = new NetFixture(Version1 | MrgRxbuf | GuestCsum | GuestTso4 | GuestTso6 | GuestEcn | GuestUso4 | GuestUso6);
        byte[] packet = [.. _packet];
        if (start + 12 < packet.Length) packet[start + 12] = dataOffset;
        for (int i = 0; i < 3; i++) net.PostReceive(net.Buffer(i * 100, 100));
        Assert.True(Write(net, packet, new NetHeader { Flags = NetHeader.NeedsCsum, GsoType = type, GsoSize = 20, ChecksumStart = start, ChecksumOffset = 6, HeaderLength = 0xffff }));
        net.Pair.Filler.Flush();
        Assert.Equal([100u, 100u, 12u], NetFixture.Reap(net.ReceiveRing).Select(used => used.Written));
        Assert.Equal([1, type, expected, 0, 20, 0, start, 0, 6, 0, 3, 0], net.Bytes(0, 12).ToArray());
        Assert.Equal(packet, net.Bytes(12, 200).ToArray());
    }

    [Theory]
    [InlineData(GuestCsum, NetHeader.DataValid, NetHeader.DataValid)]
    [InlineData(GuestCsum, 0xfe, NetHeader.DataValid)] // flags that nobody knows
    [InlineData(None, NetHeader.DataValid, 0)] // virtio 1.3 §5.1.6.4.1: zero without GUEST_CSUM
    public void The_word_that_a_checksum_is_right_reaches_a_guest_that_asked_for_it(VirtioFeatures features, byte flags, byte expected)
    {
        using var net = new NetFixture(Version1 | features);
        net.PostReceive(net.Buffer(0, 1024));
        Assert.True(Write(net, _packet, new NetHeader { Flags = flags, ChecksumStart = 34, ChecksumOffset = 16 }));
        net.Pair.Filler.Flush();
        Assert.Equal([expected, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0], net.Bytes(0, 12).ToArray());
    }

    private static bool Write(NetFixture net, ReadOnlySpan<byte> packet, NetHeader? header = null)
    {
        fixed (byte* p = packet)
        {
            var segment = new Segment(p, (uint)packet.Length);
            var view = new PacketView(&segment, 1, 0, (uint)packet.Length);
            return header is NetHeader told ? net.Pair.Filler.TryWrite(view, told) : net.Pair.Filler.TryWrite(view);
        }
    }
}
