using VhostUser.Devices.Net;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Rings.Split;
using Xunit;
using static VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Tests.Devices;

/// <summary>
/// What makes rings fast, counted rather than timed: one index and one look at the other side's wish for a whole burst, and no store
/// to a shared line that says the same already.
/// </summary>
public unsafe class WorkPerPacketTests
{
    private const int Burst = 64;
    private const int Bursts = 100;

    private struct Ignore : IPacketConsumer
    {
        public int Packets;

        public void Consume(in PacketView packet, Segment header) => Packets++;
    }

    [Theory]
    [InlineData(Version1)]
    [InlineData(Version1 | EventIdx | InOrder)]
    [InlineData(Version1 | RingPacked)]
    [InlineData(Version1 | RingPacked | EventIdx)]
    public void A_burst_is_published_once_on_each_way(VirtioFeatures features)
    {
        using var net = new NetFixture(features, 256, regionBytes: 8 << 20);
        Assert.Equal(Burst * Bursts, new Link(net).Pump(Bursts));
        // Every publication ends in a notification that is sent or suppressed.
        Assert.Equal(Bursts, net.TransmitRing.Counters.KicksSent + net.TransmitRing.Counters.KicksSuppressed);
        Assert.Equal(Bursts, net.Pair.Transmit.Counters.CallsSent + net.Pair.Transmit.Counters.CallsSuppressed);
        Assert.Equal(Bursts, net.Pair.Receive.Counters.CallsSent + net.Pair.Receive.Counters.CallsSuppressed);
        Assert.Equal(Bursts + 1, net.ReceiveRing.Counters.KicksSent + net.ReceiveRing.Counters.KicksSuppressed); // the buffers posted at first
    }

    [Fact]
    public void A_lap_of_packets_of_one_length_writes_no_descriptor_and_no_used_element_again()
    {
        using var net = new NetFixture(Version1, 256, regionBytes: 8 << 20);
        var link = new Link(net);
        link.Pump(256 / Burst);
        (byte[] Transmit, byte[] Receive) before = (Bytes(net, net.TransmitRing), Bytes(net, net.ReceiveRing));
        link.Pump(256 / Burst);
        (byte[] Transmit, byte[] Receive) after = (Bytes(net, net.TransmitRing), Bytes(net, net.ReceiveRing));
        // The same bytes after a whole lap are what lets both sides leave the lines alone.
        Assert.Equal(before.Transmit, after.Transmit);
        Assert.Equal(before.Receive, after.Receive);
    }

    private static byte[] Bytes(NetFixture net, DriverRing ring)
    {
        SplitRing raw = net.Raw(ring);
        return [.. new ReadOnlySpan<byte>(raw.Descriptors, 16 * raw.Size), .. new ReadOnlySpan<byte>(raw.AvailableRing, 2 * raw.Size), .. new ReadOnlySpan<byte>(raw.UsedRing, 8 * raw.Size)];
    }

    /// <summary>A client on the fixture's rings, and an echo behind them.</summary>
    private sealed class Link
    {
        private readonly NetFixture _net;
        private readonly NetTransmitter _transmitter;
        private readonly NetReceiver _receiver;

        public Link(NetFixture net)
        {
            _net = net;
            _transmitter = new NetTransmitter(net.TransmitRing, net.Buffers, 2048, 12, separateHeader: false);
            _receiver = new NetReceiver(net.ReceiveRing, net.Space.Allocate(256 * 2048, "receive buffers"), 2048, 12, mergeable: false);
            _receiver.Post();
        }

        public int Pump(int bursts)
        {
            using var echo = new EchoDevice();
            byte[] frame = new byte[60];
            var ignore = new Ignore();
            for (int i = 0; i < bursts; i++)
            {
                Assert.Equal(Burst, _transmitter.Send(frame, Burst));
                _transmitter.Flush();
                Assert.True(echo.Process(_net.Pair));
                Assert.False(echo.Process(_net.Pair));
                _transmitter.Reclaim();
                while (_receiver.Receive(ref ignore, Burst) > 0) { }
            }
            return ignore.Packets;
        }
    }
}
