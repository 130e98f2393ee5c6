using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Capturing;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Devices.Net.Switching;
using VhostUser.Memory;
using VhostUser.Protocol;
using Xunit;
using static VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Tests.Devices;

/// <summary>The packet path makes no garbage: 10,000 packets through driver, rings and device allocate not one byte.</summary>
public unsafe class ZeroAllocationTests
{
    private const int Packets = 10_000;

    private struct Counter : IPacketConsumer
    {
        public int Packets;
        public long Bytes;

        public void Consume(in PacketView packet, Segment header)
        {
            Packets++;
            Bytes += packet.Length;
        }
    }

    // A collection that another test causes in the middle adds the rest of this thread's allocation buffer to its count. Code that makes
    // garbage makes it every time; so one clean run of five is the proof, and none is the failure.
    private static int Pumped(Action<int> pump)
    {
        long allocated = 0;
        for (int run = 1; run <= 5; run++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            pump(Packets);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated == 0) return run * Packets;
        }
        Assert.Equal(0, allocated);
        return 0;
    }

    [Theory]
    [InlineData(Version1, 60)]
    [InlineData(Version1 | EventIdx, 1500)]
    [InlineData(Version1 | EventIdx | IndirectDesc | InOrder, 3000)] // two slots: a chain
    [InlineData(Version1 | RingPacked, 60)]
    [InlineData(Version1 | RingPacked | EventIdx | InOrder, 3000)]
    public void A_sink_takes_packets_without_allocating(VirtioFeatures features, int length)
    {
        using var net = new NetFixture(features, 256);
        using var sink = new SinkDevice();
        var transmitter = new NetTransmitter(net.TransmitRing, net.Buffers, 2048, 12, separateHeader: false);
        byte[] frame = new byte[length];
        Pump(200);
        int pumped = Pumped(Pump);
        Assert.Equal(pumped + 200, net.Pair.Transmit.Counters.Packets);

        void Pump(int packets)
        {
            for (int sent = 0; sent < packets;)
            {
                while (sent < packets && transmitter.TrySend(frame)) sent++;
                transmitter.Flush();
                while (sink.Process(net.Pair)) { }
                transmitter.Reclaim();
            }
        }
    }

    [Theory]
    [InlineData(Version1, 60)]
    [InlineData(Version1 | EventIdx, 1500)]
    [InlineData(Version1 | MrgRxbuf, 3000)] // two slots there, two buffers back
    [InlineData(Version1 | RingPacked | EventIdx, 60)]
    [InlineData(Version1 | RingPacked | MrgRxbuf | InOrder, 3000)]
    public void An_echo_returns_packets_without_allocating(VirtioFeatures features, int length)
    {
        using var net = new NetFixture(features, 256, regionBytes: 8 << 20);
        using var echo = new EchoDevice();
        var transmitter = new NetTransmitter(net.TransmitRing, net.Buffers, 2048, 12, separateHeader: false);
        var receiver = new NetReceiver(net.ReceiveRing, net.Space.Allocate(256 * 2048, "receive buffers"), 2048, 12, net.Pair.Mergeable);
        receiver.Post();
        byte[] frame = new byte[length];
        var counter = new Counter();
        Pump(200);
        int pumped = Pumped(Pump);
        Assert.Equal((pumped + 200, (pumped + 200L) * length), (counter.Packets, counter.Bytes));

        void Pump(int packets)
        {
            for (int sent = 0; sent < packets;)
            {
                for (int i = 0; i < 64 && sent < packets && transmitter.TrySend(frame); i++) sent++;
                transmitter.Flush();
                while (echo.Process(net.Pair)) { }
                transmitter.Reclaim();
                while (receiver.Receive(ref counter, 64) > 0) { }
            }
        }
    }

    [Theory]
    [InlineData(Version1, 60)]
    [InlineData(Version1 | RingPacked, 1500)]
    public void A_bridge_hands_packets_over_without_allocating(VirtioFeatures features, int length)
    {
        using var sender = new NetFixture(features, 256, regionBytes: 8 << 20);
        using var taker = new NetFixture(features, 256, regionBytes: 8 << 20);
        var network = new EthernetSwitch(TimeSpan.FromMinutes(5));
        var offload = new SoftwareOffload();
        using SwitchDevice from = Join(sender), to = Join(taker);
        var transmitter = new NetTransmitter(sender.TransmitRing, sender.Buffers, 2048, 12, separateHeader: false);
        var receiver = new NetReceiver(taker.ReceiveRing, taker.Buffers, 2048, 12, mergeable: false);
        receiver.Post();
        byte[] frame = new byte[length];
        frame[5] = 1;  // to a station that nobody knows: flooded to the other port
        frame[11] = 2;
        var counter = new Counter();
        Pump(200);
        int pumped = Pumped(Pump);
        Assert.Equal((pumped + 200, (pumped + 200L) * length), (counter.Packets, counter.Bytes));

        void Pump(int packets)
        {
            for (int sent = 0; sent < packets;)
            {
                sent += transmitter.Send(frame, Math.Min(64, packets - sent));
                transmitter.Flush();
                while (from.Process(sender.Pair)) { }
                transmitter.Reclaim();
                while (receiver.Receive(ref counter, 64) > 0) { }
            }
        }

        SwitchDevice Join(NetFixture net)
        {
            var port = new SwitchDevice.GuestPort("port", offload);
            Assert.True(network.TryAdd(port));
            var device = new SwitchDevice(network, port);
            device.PairsChanged([net.Pair]);
            return device;
        }
    }

    [Theory]
    [InlineData(Version1 | Csum | GuestCsum)] // handed on as it is
    [InlineData(Version1 | Csum)]             // finished in software
    [InlineData(Version1 | Csum | RingPacked)]
    public void A_checksum_that_was_left_costs_no_allocation(VirtioFeatures features)
    {
        using var net = new NetFixture(features, 256, regionBytes: 8 << 20);
        using var echo = new EchoDevice();
        var transmitter = new NetTransmitter(net.TransmitRing, net.Buffers, 2048, 12, separateHeader: false);
        var receiver = new NetReceiver(net.ReceiveRing, net.Space.Allocate(256 * 2048, "receive buffers"), 2048, 12, mergeable: false);
        receiver.Post();
        byte[] frame = VhostUser.Packets.PacketBuilder.Build(new VhostUser.Packets.PacketSpec { Protocol = VhostUser.Packets.PacketProtocol.Udp, Length = 200 }).Bytes.ToArray();
        var header = new NetHeader { Flags = NetHeader.NeedsCsum, ChecksumStart = 34, ChecksumOffset = 6 };
        var counter = new Counter();
        Pump(200);
        int pumped = Pumped(Pump);
        Assert.Equal(pumped + 200, counter.Packets);

        void Pump(int packets)
        {
            for (int sent = 0; sent < packets;)
            {
                sent += transmitter.Send(frame, Math.Min(64, packets - sent), 0, header);
                transmitter.Flush();
                while (echo.Process(net.Pair)) { }
                transmitter.Reclaim();
                while (receiver.Receive(ref counter, 64) > 0) { }
            }
        }
    }

    [Fact]
    public void A_capture_of_both_ends_allocates_nothing_on_the_way_of_the_packets()
    {
        using var net = new NetFixture(Version1, 256, regionBytes: 8 << 20);
        using var echo = new EchoDevice();
        var point = new CapturePoint(1 << 20, uint.MaxValue, queue: null, outbound: null);
        net.Pair.Capture.Attach(point);
        var tap = new CaptureTap();
        tap.Attach(point);
        var transmitter = new NetTransmitter(net.TransmitRing, net.Buffers, 2048, 12, separateHeader: false) { Capture = tap };
        var receiver = new NetReceiver(net.ReceiveRing, net.Space.Allocate(256 * 2048, "receive buffers"), 2048, 12, mergeable: false) { Capture = tap };
        receiver.Post();
        byte[] frame = new byte[60];
        var counter = new Counter();
        int pumped = Pumped(Pump);
        Assert.Equal((4L * pumped, 0), (point.Seen, point.Dropped));

        void Pump(int packets)
        {
            for (int sent = 0; sent < packets;)
            {
                for (int i = 0; i < 64 && sent < packets && transmitter.TrySend(frame); i++) sent++;
                transmitter.Flush();
                while (echo.Process(net.Pair)) { }
                transmitter.Reclaim();
                while (receiver.Receive(ref counter, 64) > 0) { }
                while (point.Peek() is var record && record != null) point.Release(record);
            }
        }
    }
}
