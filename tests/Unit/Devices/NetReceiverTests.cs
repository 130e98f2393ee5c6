using VhostUser.Devices.Net;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;
using Xunit;
using static VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Tests.Devices;

/// <summary>Receiving as a driver: merged packets, packets that come in parts, and devices that lie about them.</summary>
public unsafe class NetReceiverTests
{
    private const uint Slot = 256;

    private struct Collector() : IPacketConsumer
    {
        public readonly List<byte[]> Packets = [];
        public readonly List<uint> Headers = [];

        public void Consume(in PacketView packet, Segment header)
        {
            byte[] copy = new byte[packet.Length];
            fixed (byte* p = copy) packet.CopyTo(p);
            Packets.Add(copy);
            Headers.Add(header.Length);
        }
    }

    [Theory]
    [InlineData(None)]
    [InlineData(Version1)]
    [InlineData(Version1 | MrgRxbuf)]
    [InlineData(Version1 | HashReport)]
    [InlineData(Version1 | HashReport | MrgRxbuf)]
    public void What_the_device_fills_arrives_unchanged_and_every_buffer_is_posted_again(VirtioFeatures features)
    {
        using var net = new NetFixture(features);
        NetReceiver receiver = Create(net);
        var random = new Random(8);
        for (int round = 0; round < 100; round++)
        {
            var got = new Collector();
            byte[][] sent = [.. Enumerable.Range(0, 8).Select(_ => Frame(random.Next(1, 230)))];
            foreach (byte[] frame in sent) Assert.True(Write(net, frame));
            net.Pair.Filler.Flush();
            Assert.True(receiver.HasPacket);
            Assert.Equal(3, receiver.Receive(ref got, 3));
            Assert.Equal(5, receiver.Receive(ref got, 64));
            Assert.Equal(sent, got.Packets);
            Assert.All(got.Headers, length => Assert.Equal((uint)net.HeaderLength, length));
            Assert.False(receiver.HasPacket);
            Assert.Equal(0, net.ReceiveRing.Queue.Free);
        }
    }

    [Theory]
    [InlineData(Version1 | MrgRxbuf, 1000)]
    [InlineData(Version1 | MrgRxbuf, 245)]
    [InlineData(Version1 | MrgRxbuf, 8 * 256 - 12)] // the whole ring
    [InlineData(Version1 | MrgRxbuf | HashReport, 1000)]
    public void A_merged_packet_is_put_together(VirtioFeatures features, int length)
    {
        using var net = new NetFixture(features);
        NetReceiver receiver = Create(net);
        for (int round = 0; round < 10; round++)
        {
            var got = new Collector();
            byte[] frame = Frame(length);
            Assert.True(Write(net, frame));
            net.Pair.Filler.Flush();
            Assert.Equal(1, receiver.Receive(ref got, 64));
            Assert.Equal(frame, Assert.Single(got.Packets));
        }
    }

    [Fact]
    public void A_merged_packet_that_comes_in_parts_waits_for_its_rest()
    {
        using var net = new NetFixture(Version1 | MrgRxbuf);
        NetReceiver receiver = Create(net);
        var got = new Collector();
        Complete(net, 0, 100, buffers: 1);
        Complete(net, 1, 256, buffers: 3);
        Assert.Equal(1, receiver.Receive(ref got, 64)); // the whole one
        Assert.Equal(0, receiver.Receive(ref got, 64));
        Complete(net, 2, 256);
        Assert.Equal(0, receiver.Receive(ref got, 64));
        Complete(net, 3, 20);
        Assert.Equal(1, receiver.Receive(ref got, 64));
        Assert.Equal([100 - 12, 256 + 256 + 20 - 12], got.Packets.Select(packet => packet.Length));
        Assert.Equal(0, net.ReceiveRing.Queue.Free);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(0x8000)]
    [InlineData(0xffff)]
    public void A_packet_of_more_buffers_than_the_ring_has_is_refused(int buffers)
    {
        using var net = new NetFixture(Version1 | MrgRxbuf);
        NetReceiver receiver = Create(net);
        Complete(net, 0, 100, buffers);
        var error = Assert.Throws<VhostException>(() =>
        {
            var got = new Collector();
            receiver.Receive(ref got, 64);
        });
        Assert.Equal(VhostError.UsedElementInvalid, error.Error);
        Assert.Contains($"{buffers} merged buffers", error.Message);
    }

    [Fact]
    public void A_count_of_no_buffers_means_one()
    {
        using var net = new NetFixture(Version1 | MrgRxbuf);
        NetReceiver receiver = Create(net);
        var got = new Collector();
        Complete(net, 0, 100, buffers: 0);
        Assert.Equal(1, receiver.Receive(ref got, 64));
        Assert.Equal(88, Assert.Single(got.Packets).Length);
    }

    [Theory]
    [InlineData(Version1, 0, DropReason.ShorterThanHeader)]
    [InlineData(Version1, 11, DropReason.ShorterThanHeader)]
    [InlineData(Version1, 12, DropReason.Empty)]
    [InlineData(Version1 | MrgRxbuf, 11, DropReason.ShorterThanHeader)]
    [InlineData(Version1 | MrgRxbuf, 12, DropReason.Empty)]
    [InlineData(Version1 | MrgRxbuf | HashReport, 12, DropReason.ShorterThanHeader)]
    [InlineData(Version1 | MrgRxbuf | HashReport, 19, DropReason.ShorterThanHeader)]
    [InlineData(Version1 | MrgRxbuf | HashReport, 20, DropReason.Empty)]
    public void A_used_buffer_without_a_packet_is_dropped_and_posted_again(VirtioFeatures features, int written, DropReason reason)
    {
        using var net = new NetFixture(features);
        NetReceiver receiver = Create(net);
        var got = new Collector();
        Complete(net, 0, (uint)written, buffers: 1);
        Assert.Equal(0, receiver.Receive(ref got, 64));
        Assert.Empty(got.Packets);
        var totals = new Dictionary<string, long>();
        net.ReceiveRing.Counters.Drops.AddTo(totals);
        Assert.Equal(new Dictionary<string, long> { [reason.ToString()] = 1 }, totals);
        Assert.Equal(0, net.ReceiveRing.Queue.Free);
    }

    [Theory]
    [InlineData(Version1 | MrgRxbuf, 12, 0)]
    [InlineData(Version1 | MrgRxbuf | HashReport, 12, 0)] // a header of 20 of which only 12 were written: no length may wrap
    [InlineData(Version1 | MrgRxbuf | HashReport, 20, 0)]
    public void Merged_buffers_without_a_packet_are_dropped(VirtioFeatures features, int first, int second)
    {
        using var net = new NetFixture(features);
        NetReceiver receiver = Create(net);
        var got = new Collector();
        Complete(net, 0, (uint)first, buffers: 2);
        Complete(net, 1, (uint)second, buffers: 0);
        Assert.Equal(0, receiver.Receive(ref got, 64));
        Assert.Empty(got.Packets);
        Assert.Equal(0, net.ReceiveRing.Queue.Free);
    }

    [Fact]
    public void A_merged_packet_whose_rest_never_comes_is_dropped_with_its_reason_and_the_ring_goes_on()
    {
        using var net = new NetFixture(Version1 | MrgRxbuf);
        NetReceiver receiver = Create(net);
        var got = new Collector();
        Complete(net, 0, 100, buffers: 3);
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (net.ReceiveRing.Counters.Drops.Total == 0)
        {
            Assert.Equal(0, receiver.Receive(ref got, 64));
            Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10), "It still waits.");
        }
        Assert.False(receiver.HasPacket);
        Assert.Equal(0, net.ReceiveRing.Queue.Free);
        Complete(net, 1, 50, buffers: 1);
        Assert.Equal(1, receiver.Receive(ref got, 64));
    }

    [Fact]
    public void Random_used_buffers_never_give_a_packet_longer_than_what_was_written()
    {
        var random = new Random(22);
        for (int round = 0; round < 300; round++)
        {
            using var net = new NetFixture(Version1 | MrgRxbuf | (round % 2 == 0 ? HashReport : 0), regionBytes: 1 << 17);
            NetReceiver receiver = Create(net);
            var got = new Collector();
            long written = 0;
            for (int i = 0; i < 8; i++)
            {
                uint bytes = random.Next(3) == 0 ? (uint)random.Next(24) : (uint)random.Next(257);
                written += bytes;
                Complete(net, i, bytes, random.Next(5));
            }
            while (receiver.Receive(ref got, 1 + random.Next(3)) > 0) { }
            Assert.True(got.Packets.Sum(packet => (long)packet.Length) <= written);
        }
    }

    /// <summary>Acts as a device that returns a buffer with a header that says what it likes.</summary>
    private static void Complete(NetFixture net, int id, uint written, int buffers = -1)
    {
        if (buffers >= 0) BitConverter.TryWriteBytes(net.Bytes(id * (int)Slot + 10, 2), (ushort)buffers);
        VhostUser.Rings.Split.SplitRing ring = net.Raw(net.ReceiveRing);
        ushort used = ring.LoadUsedIndex();
        ring.UsedRing[used & (ring.Size - 1)] = (uint)id | (ulong)written << 32;
        ring.StoreUsedIndex(++used);
    }

    private static NetReceiver Create(NetFixture net)
    {
        var receiver = new NetReceiver(net.ReceiveRing, net.Buffers, Slot, net.HeaderLength, net.Pair.Mergeable);
        receiver.Post();
        return receiver;
    }

    private static byte[] Frame(int length)
    {
        byte[] frame = new byte[length];
        new Random(length).NextBytes(frame);
        return frame;
    }

    private static bool Write(NetFixture net, ReadOnlySpan<byte> packet)
    {
        fixed (byte* p = packet)
        {
            var segment = new Segment(p, (uint)packet.Length);
            return net.Pair.Filler.TryWrite(new PacketView(&segment, 1, 0, (uint)packet.Length));
        }
    }
}
