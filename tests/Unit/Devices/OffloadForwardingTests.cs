using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Rings;
using Xunit;
using static VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Tests.Devices;

/// <summary>Packets with a checksum or segments left to the device, through the modes: passed on as they are, or finished.</summary>
public class OffloadForwardingTests
{
    private const VirtioFeatures Host = Version1 | MrgRxbuf | Csum | HostTso4 | HostTso6 | HostEcn | HostUfo | HostUso;
    private const VirtioFeatures Guest = GuestCsum | GuestTso4 | GuestTso6 | GuestEcn | GuestUfo | GuestUso4 | GuestUso6;
    private const int Received = 200_000;

    private static readonly VhostPacket _small = PacketBuilder.Build(new PacketSpec { Protocol = PacketProtocol.Tcp, PayloadText = "hello" });
    private static readonly VhostPacket _large = PacketBuilder.Build(new PacketSpec { Protocol = PacketProtocol.Tcp, TcpFlags = TcpFlags.Ack, Payload = Data(5000) });

    [Fact]
    public void An_echo_passes_a_checksum_on_to_a_guest_that_takes_it()
    {
        (NetHeader header, VhostPacket packet) = Assert.Single(Echo(Host | Guest, Unfinished(_small), Checksum()));
        Assert.Equal((NetHeader.NeedsCsum, (ushort)34, (ushort)16), (header.Flags, header.ChecksumStart, header.ChecksumOffset));
        Assert.Equal(Unfinished(_small).ToHex(), packet.ToHex());
    }

    [Fact]
    public void An_echo_completes_a_checksum_for_a_guest_that_takes_none()
    {
        (NetHeader header, VhostPacket packet) = Assert.Single(Echo(Host, Unfinished(_small), Checksum()));
        Assert.Equal((0, 0, 0), (header.Flags, header.GsoType, header.ChecksumStart));
        Assert.Equal(_small.ToHex(), packet.ToHex());
    }

    [Fact]
    public void An_echo_passes_a_large_packet_on_whole_to_a_guest_that_takes_it()
    {
        (NetHeader header, VhostPacket packet) = Assert.Single(Echo(Host | Guest, Unfinished(_large), Segments()));
        Assert.Equal((GsoType.TcpV4, (ushort)1448, (ushort)54), (header.GsoType, header.GsoSize, header.HeaderLength));
        Assert.Equal(3, header.BufferCount); // 12 + 5054 bytes in buffers of 2048
        Assert.Equal(Unfinished(_large).ToHex(), packet.ToHex());
    }

    [Theory]
    [InlineData(None)]
    [InlineData(GuestCsum)]
    [InlineData(GuestCsum | GuestTso6 | GuestUso4 | GuestUso6)] // of the wrong kind
    public void An_echo_cuts_a_large_packet_for_a_guest_that_takes_none(VirtioFeatures guest)
    {
        List<(NetHeader Header, VhostPacket Packet)> segments = Echo(Host | guest, Unfinished(_large), Segments());
        Assert.Equal([1448, 1448, 1448, 656], segments.Select(segment => segment.Packet.Payload.Length));
        Assert.Equal(Data(5000), segments.SelectMany(segment => segment.Packet.Payload));
        Assert.All(segments, segment => Assert.True(segment.Packet.ChecksumsValid));
        Assert.All(segments, segment => Assert.Equal((0, 0, 1), (segment.Header.Flags, segment.Header.GsoType, segment.Header.BufferCount)));
    }

    [Fact]
    public void A_guest_without_ECN_gets_no_ECN_packet_whole()
    {
        NetHeader header = Segments() with { GsoType = GsoType.TcpV4 | GsoType.Ecn };
        Assert.Single(Echo(Host | Guest, Unfinished(_large), header));
        Assert.Equal(4, Echo((Host | Guest) & ~GuestEcn, Unfinished(_large), header).Count);
    }

    [Theory]
    [InlineData("N-1 CVE-2024-11614 checksum start beyond the packet", 1, 0, 0, 60000, 16)]
    [InlineData("N-1 checksum offset beyond the packet", 1, 0, 0, 34, 60000)]
    [InlineData("N-1 both wrap to the packet's start", 1, 0, 0, 0xffff, 1)]
    [InlineData("N-2 gso_size 0", 1, 1, 0, 34, 16)]
    [InlineData("N-2 gso_type 2, which does not exist", 1, 2, 1448, 34, 16)]
    [InlineData("N-2 gso_type 0x7f", 1, 0x7f, 1448, 34, 16)]
    [InlineData("N-2 ECN without a type", 1, 0x80, 1448, 34, 16)]
    [InlineData("N-2 ECN of UDP", 1, 0x85, 1448, 34, 6)]
    [InlineData("N-2 segments without a checksum", 0, 1, 1448, 34, 16)]
    public void A_header_that_no_driver_may_send_is_dropped_in_every_mode(string name, byte flags, byte type, ushort size, ushort start, ushort offset)
    {
        Assert.StartsWith("N-", name, StringComparison.Ordinal);
        using var script = new ScriptDevice((_, _, frame) => [frame]);
        foreach (NetDevice device in new NetDevice[] { new SinkDevice(), new EchoDevice(), new SourceDevice(SourceFrame.Create(60), 0), script })
        {
            using var net = new NetFixture(Host | Guest);
            Send(net, _large, new NetHeader { Flags = flags, GsoType = type, GsoSize = size, ChecksumStart = start, ChecksumOffset = offset });
            device.Process(net.Pair);
            Assert.Equal(1, NetFixture.Drops(net.Pair.Transmit, DropReason.InvalidHeader));
            Assert.Equal(0, net.Pair.Transmit.Counters.Packets);
            Assert.Single(NetFixture.Reap(net.TransmitRing));
            device.Dispose();
        }
    }

    [Theory]
    [InlineData(Csum)]
    [InlineData(HostTso4)]
    public void What_was_not_negotiated_is_dropped_by_a_sink_too(VirtioFeatures missing)
    {
        using var net = new NetFixture(Host & ~missing);
        using var sink = new SinkDevice();
        Send(net, Unfinished(_large), Segments());
        sink.Process(net.Pair);
        Assert.Equal(1, NetFixture.Drops(net.Pair.Transmit, DropReason.InvalidHeader));
    }

    [Fact]
    public void N_2_With_GUEST_HDRLEN_a_header_length_beyond_the_packet_is_an_error_and_without_it_means_nothing()
    {
        NetHeader header = Segments() with { HeaderLength = 0xffff };
        Assert.Equal(54, Assert.Single(Echo(Host | Guest, Unfinished(_large), header)).Header.HeaderLength);
        Assert.Empty(Echo(Host | Guest | GuestHdrLen, Unfinished(_large), header));
    }

    [Fact]
    public void A_large_packet_whose_headers_do_not_fit_the_request_is_dropped_where_it_would_be_cut()
    {
        NetHeader header = Segments() with { ChecksumStart = 30 };
        Assert.Empty(Echo(Host, Unfinished(_large), header));
    }

    [Fact]
    public void A_script_sees_the_header_and_answers_plainly()
    {
        byte[]? seen = null;
        using var script = new ScriptDevice((_, header, frame) =>
        {
            seen = header.ToArray();
            return [new ReceivedPacket(header.Span, frame.Span, 1, default).CompleteChecksum().Bytes];
        });
        (NetHeader reply, VhostPacket packet) = Assert.Single(Pass(script, Host, Unfinished(_small), Checksum()));
        Assert.Equal([1, 0, 0, 0, 0, 0, 34, 0, 16, 0, 0, 0], seen!);
        Assert.Equal(0, reply.Flags);
        Assert.Equal(_small.ToHex(), packet.ToHex());
    }

    private static List<(NetHeader Header, VhostPacket Packet)> Echo(VirtioFeatures features, VhostPacket packet, NetHeader header)
    {
        using var echo = new EchoDevice();
        return Pass(echo, features, packet, header);
    }

    /// <summary>What comes back in 64 buffers of 2048 bytes, merged again.</summary>
    private static List<(NetHeader Header, VhostPacket Packet)> Pass(NetDevice device, VirtioFeatures features, VhostPacket packet, NetHeader header)
    {
        using var net = new NetFixture(features, size: 64);
        for (int i = 0; i < 64; i++) net.PostReceive(net.Buffer(Received + i * 2048, 2048));
        Send(net, packet, header);
        device.Process(net.Pair);
        Assert.Single(NetFixture.Reap(net.TransmitRing));
        var packets = new List<(NetHeader, VhostPacket)>();
        var used = new Queue<UsedBuffer>(NetFixture.Reap(net.ReceiveRing));
        while (used.Count > 0)
        {
            int at = Received + used.Peek().Id * 2048;
            var got = System.Runtime.InteropServices.MemoryMarshal.Read<NetHeader>(net.Bytes(at, NetHeader.Length));
            var bytes = new List<byte>();
            for (int i = 0; i < got.BufferCount; i++)
            {
                UsedBuffer buffer = used.Dequeue();
                bytes.AddRange(net.Bytes(Received + buffer.Id * 2048, (int)buffer.Written));
            }
            packets.Add((got, VhostPacket.FromBytes(bytes.ToArray()[NetHeader.Length..])));
        }
        return packets;
    }

    private static void Send(NetFixture net, VhostPacket packet, NetHeader header)
    {
        System.Runtime.InteropServices.MemoryMarshal.Write(net.Bytes(0, NetHeader.Length), header);
        packet.Bytes.Span.CopyTo(net.Bytes(NetHeader.Length, packet.Length));
        net.PostTransmit(net.Buffer(0, NetHeader.Length), net.Buffer(NetHeader.Length, packet.Length));
    }

    /// <summary>The packet as a driver hands it over: the checksum is that of the pseudo header.</summary>
    private static VhostPacket Unfinished(VhostPacket packet)
    {
        byte[] frame = packet.Bytes.ToArray();
        ushort sum = InternetChecksum.PseudoHeader(frame.AsSpan(26, 8), 6, frame.Length - 34);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(50), sum);
        return VhostPacket.FromBytes(frame);
    }

    private static NetHeader Checksum() => new() { Flags = NetHeader.NeedsCsum, ChecksumStart = 34, ChecksumOffset = 16 };

    private static NetHeader Segments() => Checksum() with { GsoType = GsoType.TcpV4, GsoSize = 1448, HeaderLength = 54 };

    private static byte[] Data(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7 + i / 256))];
}
