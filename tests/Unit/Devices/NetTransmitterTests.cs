using VhostUser.Devices.Net;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;
using Xunit;
using static VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Tests.Devices;

/// <summary>Sending as a driver: one slot, several slots, a header of its own, and the limits it names.</summary>
public unsafe class NetTransmitterTests
{
    private const uint Slot = 128;

    [Theory]
    [InlineData(None, 10)]
    [InlineData(Version1, 12)]
    [InlineData(Version1 | HashReport, 20)]
    public void A_packet_that_fits_a_slot_is_one_descriptor_behind_an_empty_header(VirtioFeatures features, int header)
    {
        using var net = new NetFixture(features);
        NetTransmitter transmitter = Create(net);
        net.Bytes(0, 8 * (int)Slot).Fill(0xee);
        byte[] frame = Frame((int)Slot - header);
        Assert.True(transmitter.TrySend(frame));
        Assert.False(net.Pair.Transmit.Queue!.HasAvailable()); // Flush makes it available
        transmitter.Flush();
        (byte[] head, byte[] body, int segments) = Take(net);
        Assert.Equal(new byte[header], head);
        Assert.Equal(frame, body);
        Assert.Equal(1, segments);
        Assert.Equal((1L, (long)frame.Length), (transmitter.Ring.Counters.Packets, transmitter.Ring.Counters.Bytes));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(117)]  // one byte more than a slot holds
    [InlineData(116 + 128)]
    [InlineData(900)]
    [InlineData(8 * 128 - 12)] // MaxPacket: every slot of the ring
    public void A_longer_packet_takes_as_many_slots_as_it_needs(int length)
    {
        using var net = new NetFixture(Version1);
        NetTransmitter transmitter = Create(net);
        byte[] frame = Frame(length);
        for (int round = 0; round < 20; round++)
        {
            Assert.True(transmitter.TrySend(frame), $"round {round}");
            transmitter.Flush();
            (_, byte[] body, int segments) = Take(net);
            Assert.Equal(frame, body);
            Assert.Equal((length + 12 + 127) / 128, segments);
            Assert.Equal(1, transmitter.Reclaim());
            Assert.Equal(8, net.TransmitRing.Queue.Free);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(118)]
    [InlineData(119)]
    [InlineData(7 * 128 - 10)] // MaxPacket: one descriptor of the ring is for the header
    public void Without_any_layout_the_header_has_a_descriptor_of_its_own(int length)
    {
        using var net = new NetFixture(None);
        NetTransmitter transmitter = Create(net, separate: true);
        byte[] frame = Frame(length);
        Assert.True(transmitter.TrySend(frame));
        transmitter.Flush();
        Vring ring = net.Pair.Transmit;
        Assert.Equal(1, ring.Queue!.Take(ring.Burst, 1));
        Assert.Equal(10u, ring.Burst.Segments[0].Length);
        ring.Queue.Untake(1);
        (byte[] head, byte[] body, int segments) = Take(net);
        Assert.Equal(new byte[10], head);
        Assert.Equal(frame, body);
        Assert.Equal(1 + Math.Max(1, (length + 10 + 127) / 128), segments);
    }

    [Theory]
    [InlineData(1, false, 128 - 12)]
    [InlineData(2, false, 2 * 128 - 12)]
    [InlineData(8, false, 8 * 128 - 12)]
    [InlineData(8, true, 7 * 128 - 12)]
    [InlineData(256, false, 63 * 128 - 12)]
    [InlineData(256, true, 63 * 128 - 12)]
    public void The_longest_packet_it_names_can_be_sent_and_none_is_lost_on_the_way(int size, bool separate, int expected)
    {
        using var net = new NetFixture(Version1, size);
        NetTransmitter transmitter = Create(net, separate: separate);
        Assert.Equal((uint)expected, transmitter.MaxPacket);
        byte[] frame = Frame(expected);
        Assert.True(transmitter.TrySend(frame));
        transmitter.Flush();
        Assert.Equal(frame, Take(net).Body);
    }

    [Fact]
    public void No_packet_is_longer_than_a_device_takes()
    {
        using var net = new NetFixture(Version1, 256, regionBytes: 4 << 20);
        var transmitter = new NetTransmitter(net.TransmitRing, net.Buffers, 4096, 12, separateHeader: false);
        Assert.Equal(65550u, transmitter.MaxPacket);
        byte[] frame = Frame(65550);
        Assert.True(transmitter.TrySend(frame));
        transmitter.Flush();
        Assert.Equal(frame, Take(net).Body);
    }

    [Fact]
    public void A_full_ring_refuses_and_takes_more_when_something_came_back()
    {
        using var net = new NetFixture(Version1);
        NetTransmitter transmitter = Create(net);
        for (int i = 0; i < 8; i++) Assert.True(transmitter.TrySend(Frame(60)));
        Assert.False(transmitter.TrySend(Frame(60)));
        Assert.Equal(8, transmitter.Ring.Counters.Packets);
        transmitter.Flush();
        Take(net);
        Assert.False(transmitter.TrySend(Frame(60)));
        Assert.Equal(1, transmitter.Reclaim());
        Assert.False(transmitter.TrySend(Frame(200))); // two slots are not there
        Assert.True(transmitter.TrySend(Frame(60)));
    }

    [Fact]
    public void Packets_of_all_lengths_arrive_in_order_while_chains_come_back_in_any()
    {
        using var net = new NetFixture(Version1, 64);
        NetTransmitter transmitter = Create(net);
        var random = new Random(5);
        var expected = new Queue<byte[]>();
        var held = new List<Chain>();
        int received = 0;
        Vring ring = net.Pair.Transmit;
        while (received < 5000)
        {
            byte[] frame = Frame(random.Next(1, 700));
            if (transmitter.TrySend(frame)) expected.Enqueue(frame);
            transmitter.Flush();
            int count = ring.Queue!.Take(ring.Burst, random.Next(4));
            for (int i = 0; i < count; i++, received++)
            {
                Assert.True(TransmitReader.TryRead(ring.Burst, ref ring.Burst.Chains[i], 12, out PacketView packet, out _));
                byte[] copy = new byte[packet.Length];
                fixed (byte* p = copy) packet.CopyTo(p);
                Assert.Equal(expected.Dequeue(), copy);
                held.Add(ring.Burst.Chains[i]);
            }
            while (held.Count > random.Next(5))
            {
                int which = random.Next(held.Count);
                Chain chain = held[which];
                held.RemoveAt(which);
                ring.Queue.Return(&chain, 1);
            }
            transmitter.Reclaim();
        }
    }

    [Fact]
    public void Chains_that_someone_else_posted_are_handed_to_their_owner()
    {
        using var net = new NetFixture(Version1);
        var foreign = new List<UsedBuffer>();
        var transmitter = new NetTransmitter(net.TransmitRing, net.Buffers, Slot, 12, false) { ForeignChain = foreign.Add, ForeignChains = 1 };
        ushort id = net.PostTransmit(net.Buffer(100_000, 72));
        Take(net);
        Assert.Equal(1, transmitter.Reclaim());
        Assert.Equal([new UsedBuffer(id, 0)], foreign);
    }

    private static NetTransmitter Create(NetFixture net, bool separate = false) => new(net.TransmitRing, net.Buffers, Slot, net.HeaderLength, separate);

    private static byte[] Frame(int length)
    {
        byte[] frame = new byte[length];
        new Random(length).NextBytes(frame);
        return frame;
    }

    /// <summary>The next packet as the device sees it; its chain is returned.</summary>
    private static (byte[] Header, byte[] Body, int Segments) Take(NetFixture net)
    {
        Vring ring = net.Pair.Transmit;
        Assert.Equal(1, ring.Queue!.Take(ring.Burst, 1));
        Chain chain = ring.Burst.Chains[0];
        byte[] bytes = new byte[chain.ReadableBytes];
        fixed (byte* p = bytes) new SegmentCursor(ring.Burst.Segments + chain.FirstSegment, chain.ReadableSegments).Read(p, chain.ReadableBytes);
        ring.Queue.Return(ring.Burst.Chains, 1);
        return (bytes[..net.HeaderLength], bytes[net.HeaderLength..], chain.ReadableSegments);
    }
}
