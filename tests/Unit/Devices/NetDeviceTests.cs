using System.Buffers.Binary;
using VhostUser.Devices.Net;
using VhostUser.Protocol;
using VhostUser.Rings;
using Xunit;
using static VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Tests.Devices;

/// <summary>Echo, source and script, on good rings, stopped rings and rings that overlap what they carry.</summary>
public unsafe class NetDeviceTests
{
    [Fact]
    public void An_echo_merges_a_packet_in_pieces_into_small_buffers()
    {
        using var net = new NetFixture(Version1 | MrgRxbuf, size: 32);
        using var echo = new EchoDevice();
        new Random(1).NextBytes(net.Bytes(12, 988));
        for (int i = 0; i < 16; i++) net.PostReceive(net.Buffer(10_000 + i * 100, 64), net.Buffer(20_000 + i * 100, 36));
        net.PostTransmit(net.Buffer(0, 5), net.Buffer(5, 400), net.Buffer(405, 595));
        echo.Process(net.Pair);
        UsedBuffer[] used = NetFixture.Reap(net.ReceiveRing);
        Assert.Equal(10, used.Length);
        byte[] got = [.. Enumerable.Range(0, 10).SelectMany(i => (byte[])[.. net.Bytes(10_000 + i * 100, 64), .. net.Bytes(20_000 + i * 100, 36)])];
        Assert.Equal(net.Bytes(12, 988).ToArray(), got[12..]);
    }

    [Fact]
    public void An_echo_with_a_stopped_receive_ring_counts_and_returns()
    {
        using var net = new NetFixture(Version1);
        using var echo = new EchoDevice();
        net.Pair.CanReceive = false;
        net.PostTransmit(net.Buffer(0, 72));
        Assert.True(echo.Process(net.Pair));
        Assert.Equal(1, NetFixture.Drops(net.Pair.Transmit, DropReason.ReceiveRingStopped));
        Assert.Single(NetFixture.Reap(net.TransmitRing));
    }

    [Theory]
    [InlineData(typeof(SinkDevice))]
    [InlineData(typeof(EchoDevice))]
    public void A_device_does_nothing_while_its_transmit_ring_may_not_run(Type type)
    {
        using var net = new NetFixture(Version1);
        using var device = (NetDevice)Activator.CreateInstance(type)!;
        net.Pair.CanTransmit = false;
        net.PostTransmit(net.Buffer(0, 72));
        Assert.False(device.Process(net.Pair));
        Assert.Empty(NetFixture.Reap(net.TransmitRing));
        Assert.True(NetDevice.Discard(net.Pair)); // a disabled ring is emptied
        Assert.Equal(1, NetFixture.Drops(net.Pair.Transmit, DropReason.RingDisabled));
        Assert.Single(NetFixture.Reap(net.TransmitRing));
    }

    [Fact]
    public void An_echo_into_the_rings_themselves_survives()
    {
        // ring memory as packet buffer. Whatever it writes there, the device ends with a typed error or goes on.
        for (int seed = 0; seed < 300; seed++)
        {
            using var net = new NetFixture(Version1 | MrgRxbuf | IndirectDesc);
            using var echo = new EchoDevice();
            var random = new Random(seed);
            random.NextBytes(net.Bytes(12, 4000));
            int ringBytes = (int)net.ReceiveRing.Areas.TotalBytes;
            for (int i = 0; i < 4; i++)
            {
                DriverRing victim = random.Next(2) == 0 ? net.ReceiveRing : net.TransmitRing;
                ulong place = victim.DescriptorAddress - net.Region.UserAddress + net.Region.GuestAddress + (ulong)random.Next(ringBytes - 1);
                NetFixture.Post(net.ReceiveRing, [], [new ChainBuffer(place, (uint)random.Next(13, 4096))]);
                net.PostTransmit(net.Buffer(0, random.Next(13, 2000)));
            }
            try
            {
                for (int i = 0; i < 20; i++) echo.Process(net.Pair);
            }
            catch (VhostException error)
            {
                Assert.StartsWith("Ring ", error.Message);
            }
        }
    }

    [Fact]
    public void Areas_of_a_ring_on_top_of_each_other_survive()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            using var ring = new Rings.TestRing(16, bufferBytes: 65536);
            var random = new Random(seed);
            byte* start = ring.Memory.At(Rings.TestRing.Guest);
            var twisted = new VhostUser.Rings.Split.SplitRing(start, start + 2 * random.Next(100), start + 4 * random.Next(100), 16);
            random.NextBytes(new Span<byte>(start, 1024));
            var device = new VhostUser.Rings.Split.SplitDeviceQueue(twisted, ring.Memory.Table, Rings.TestRing.Features(), 0, twisted.LoadUsedIndex());
            twisted.StoreAvailableIndex((ushort)(device.Base + 5));
            try
            {
                for (int i = 0; i < 20; i++) device.Return(ring.Burst.Chains, device.Take(ring.Burst, 8));
            }
            catch (VhostException error)
            {
                Assert.StartsWith("Ring 0", error.Message);
            }
        }
    }

    [Fact]
    public void A_source_counts_its_packets_from_zero_and_stops_when_buffers_do()
    {
        using var net = new NetFixture(Version1);
        using var source = new SourceDevice(SourceFrame.Create(60), rate: 0);
        for (ulong next = 0; next < 80;)
        {
            for (int i = 0; net.ReceiveRing.Queue.Free > 0; i++) net.PostReceive(net.Buffer(1000 * net.ReceiveRing.Queue.FreeIdAt(0), 1000));
            source.Process(net.Pair);
            UsedBuffer[] used = NetFixture.Reap(net.ReceiveRing);
            Assert.Equal(8, used.Length);
            foreach (UsedBuffer buffer in used)
            {
                Assert.Equal(72u, buffer.Written);
                Assert.Equal(next++, BinaryPrimitives.ReadUInt64BigEndian(net.Bytes(1000 * buffer.Id + 12 + SourceDevice.SequenceOffset, 8)));
            }
            Assert.False(source.Process(net.Pair));
        }
        Assert.Equal(0, net.Pair.Receive.Counters.Drops.Total); // a full ring is no loss
    }

    [Fact]
    public void A_source_whose_packets_do_not_fit_gives_up_each_time()
    {
        using var net = new NetFixture(Version1);
        using var source = new SourceDevice(SourceFrame.Create(3000), rate: 0);
        for (int i = 0; i < 8; i++) net.PostReceive(net.Buffer(i * 2000, 2000));
        for (int i = 0; i < 10; i++) Assert.False(source.Process(net.Pair));
        Assert.Equal(10, NetFixture.Drops(net.Pair.Receive, DropReason.ReceiveBufferTooSmall));
    }

    [Fact]
    public void A_source_sinks_what_it_is_sent()
    {
        using var net = new NetFixture(Version1);
        using var source = new SourceDevice(SourceFrame.Create(60), rate: 0);
        net.PostTransmit(net.Buffer(0, 72));
        Assert.True(source.Process(net.Pair));
        Assert.Single(NetFixture.Reap(net.TransmitRing));
        Assert.Equal(60, net.Pair.Transmit.Counters.Bytes);
    }

    [Fact]
    public void A_script_gets_queue_header_and_frame_and_its_answers_are_sent()
    {
        using var net = new NetFixture(Version1);
        var seen = new List<(int Queue, byte[] Header, byte[] Frame)>();
        using var script = new ScriptDevice((queue, header, frame) =>
        {
            seen.Add((queue, header.ToArray(), frame.ToArray()));
            return [frame, new byte[] { 9, 9, 9 }, ReadOnlyMemory<byte>.Empty];
        });
        for (int i = 0; i < 3; i++) net.PostReceive(net.Buffer(10_000 + i * 1000, 1000));
        for (int i = 2; i < 72; i++) net.Bytes(0, 72)[i] = (byte)i; // the header too, as the guest wrote it
        net.PostTransmit(net.Buffer(0, 72));
        Assert.True(script.Process(net.Pair));
        (int queue, byte[] header, byte[] frame) = Assert.Single(seen);
        Assert.Equal(1, queue);
        Assert.Equal(net.Bytes(0, 12).ToArray(), header);
        Assert.Equal(net.Bytes(12, 60).ToArray(), frame);
        Assert.Equal([72u, 15u], NetFixture.Reap(net.ReceiveRing).Select(used => used.Written)); // no bytes are no packet
        Assert.Equal(frame, net.Bytes(10_012, 60).ToArray());
        Assert.Equal([9, 9, 9], net.Bytes(11_012, 3).ToArray());
    }

    [Fact]
    public void A_script_that_throws_loses_the_packet_and_nothing_else()
    {
        using var net = new NetFixture(Version1);
        var failure = new InvalidOperationException("typo");
        using var script = new ScriptDevice((_, _, frame) => frame.Length == 60 ? throw failure : [frame]);
        net.PostReceive(net.Buffer(10_000, 1000));
        net.PostTransmit(net.Buffer(0, 72));
        net.PostTransmit(net.Buffer(0, 80));
        script.Process(net.Pair);
        Assert.Same(failure, script.LastFailure);
        Assert.Equal(1, NetFixture.Drops(net.Pair.Transmit, DropReason.ScriptFailed));
        Assert.Equal(2, NetFixture.Reap(net.TransmitRing).Length);
        Assert.Equal(80u, Assert.Single(NetFixture.Reap(net.ReceiveRing)).Written);
    }

    [Fact]
    public void A_script_that_answers_null_loses_the_packet_and_nothing_else()
    {
        using var net = new NetFixture(Version1);
        using var script = new ScriptDevice((_, _, _) => null!);
        net.PostTransmit(net.Buffer(0, 72));
        script.Process(net.Pair);
        Assert.Equal(1, NetFixture.Drops(net.Pair.Transmit, DropReason.ScriptFailed));
        Assert.Single(NetFixture.Reap(net.TransmitRing));
    }
}
