using System.Net;
using VhostUser.Packets;
using Xunit;

namespace VhostUser.Tests.Packets;

public class PacketBuilderTests
{
    [Fact]
    public void Nothing_asked_builds_the_documented_defaults()
    {
        VhostPacket packet = PacketBuilder.Build(new());
        Assert.Equal("IPv4 10.0.0.1:1000 > 10.0.0.2:2000 UDP 0 bytes", packet.Summary);
        Assert.Equal("02:00:00:00:00:01", packet.SourceMac.ToString());
        Assert.Equal("02:00:00:00:00:02", packet.DestinationMac.ToString());
        Assert.True(packet.Find<UdpLayer>()!.ChecksumValid);
        Assert.Equal(42, packet.Length);
    }

    [Theory]
    [MemberData(nameof(Rebuilt))]
    public void Captured_frame_is_rebuilt_byte_for_byte(string hex, PacketSpec spec) =>
        Assert.Equal(VhostPacket.FromHex(hex).ToHex(), PacketBuilder.Build(spec).ToHex());

    public static TheoryData<string, PacketSpec> Rebuilt => new()
    {
        { Captures.ArpRequest, new() { Protocol = PacketProtocol.Arp } },
        {
            Captures.ArpReply,
            new()
            {
                Protocol = PacketProtocol.Arp, ArpOperation = ArpOperation.Reply, Source = Ip("10.0.0.2"), Destination = Ip("10.0.0.1"),
                SourceMac = MacAddress.Parse("02:00:00:00:00:02"), DestinationMac = MacAddress.Parse("02:00:00:00:00:01"),
            }
        },
        {
            Captures.DnsQuery,
            new()
            {
                Id = 0xae41, DontFragment = true, SourcePort = 43960, DestinationPort = 53,
                Payload = Convert.FromHexString("1a2b01000001000000000000076578616d706c6503636f6d0000010001"),
            }
        },
        {
            Captures.PingRequest,
            new() { Protocol = PacketProtocol.Icmp, Id = 0xb362, DontFragment = true, IcmpId = 77, Sequence = 1, PayloadText = "abcdefgh" }
        },
        {
            Captures.TcpReset,
            new()
            {
                Protocol = PacketProtocol.Tcp, Source = Ip("10.0.0.2"), Destination = Ip("10.0.0.1"), DontFragment = true,
                SourceMac = MacAddress.Parse("02:00:00:00:00:02"), DestinationMac = MacAddress.Parse("02:00:00:00:00:01"),
                SourcePort = 80, DestinationPort = 34060, Sequence = 0, Acknowledgment = 3811160870,
                TcpFlags = TcpFlags.Rst | TcpFlags.Ack, Window = 0,
            }
        },
        {
            Captures.NeighbourSolicitation,
            new()
            {
                Protocol = PacketProtocol.Icmp, Source = Ip("fd00::1"), Destination = Ip("ff02::1:ff00:2"), TimeToLive = 255,
                IcmpType = 135, Payload = Convert.FromHexString("fd0000000000000000000000000000020101020000000001"),
            }
        },
    };

    [Theory]
    [InlineData(PacketProtocol.Udp, "10.9.8.7", "UDP")]
    [InlineData(PacketProtocol.Tcp, "10.9.8.7", "TCP")]
    [InlineData(PacketProtocol.Icmp, "10.9.8.7", "ICMP")]
    [InlineData(PacketProtocol.IPv4, "10.9.8.7", "IPv4")]
    [InlineData(PacketProtocol.Udp, "fd00::9", "UDP")]
    [InlineData(PacketProtocol.Tcp, "fd00::9", "TCP")]
    [InlineData(PacketProtocol.Icmp, "fd00::9", "ICMP")]
    [InlineData(PacketProtocol.IPv6, "fd00::9", "IPv6")]
    public void What_is_built_is_decoded_again_at_every_payload_length(PacketProtocol protocol, string destination, string name)
    {
        for (int length = 0; length < 70; length++)
        {
            byte[] payload = Enumerable.Range(1, length).Select(i => (byte)(i * 37)).ToArray();
            VhostPacket packet = PacketBuilder.Build(new()
            {
                Protocol = protocol, Destination = Ip(destination), VlanId = 100, VlanPriority = 5, Dscp = 46, TimeToLive = 9, Payload = payload,
            });
            Assert.Equal(name, packet.Protocol);
            Assert.Equal(destination, packet.Destination);
            Assert.Equal((100, 5), (packet.VlanId, packet.Find<VlanLayer>()!.Priority));
            Assert.Equal((46, 9), (packet.Find<IpLayer>()!.Dscp, packet.Find<IpLayer>()!.TimeToLive));
            Assert.Equal(payload, packet.Payload);
            Assert.True(packet.ChecksumsValid);
            Assert.True(packet.Find<TransportLayer>()?.ChecksumValid ?? true);
            Assert.DoesNotContain(packet.Layers, layer => layer is MalformedLayer or TrailerLayer);
        }
    }

    [Fact]
    public void Udp_checksum_that_would_be_zero_is_sent_as_all_ones()
    {
        int checksum = PacketBuilder.Build(new() { Payload = new byte[2] }).Find<UdpLayer>()!.Checksum;
        VhostPacket packet = PacketBuilder.Build(new() { Payload = new[] { (byte)(checksum >> 8), (byte)checksum } });
        Assert.Equal(0xFFFF, packet.Find<UdpLayer>()!.Checksum);
        Assert.True(packet.Find<UdpLayer>()!.ChecksumValid);
    }

    [Fact]
    public void Exact_and_least_length_fill_the_payload_up()
    {
        VhostPacket exact = PacketBuilder.Build(new() { PayloadText = "hello", Length = 128 });
        Assert.Equal((128, 86), (exact.Length, exact.Payload.Length));
        Assert.StartsWith("hello.", exact.PayloadText);
        Assert.True(exact.ChecksumsValid);
        Assert.Equal(64, PacketBuilder.Build(new() { PayloadText = "hello", MinimumLength = 64 }).Length);
        Assert.Equal(47, PacketBuilder.Build(new() { PayloadText = "hello", MinimumLength = 10 }).Length);
        Assert.Equal(64, PacketBuilder.Build(new() { Protocol = PacketProtocol.Arp, MinimumLength = 64 }).Length);
    }

    [Fact]
    public void Padding_to_ethernets_minimum_stays_outside_the_ip_packet()
    {
        VhostPacket packet = PacketBuilder.Build(new() { PayloadText = "hello", PadToMinimum = true });
        Assert.Equal(60, packet.Length);
        Assert.Equal("hello", packet.PayloadText);
        Assert.Equal(new TrailerLayer(47, 13), packet.Layers[^1]);
        Assert.True(packet.ChecksumsValid);
    }

    [Fact]
    public void Icmp_message_by_name_has_the_number_of_its_ip_version()
    {
        Assert.Equal(0, Icmp(IcmpMessage.EchoReply, "10.0.0.2").Type);
        Assert.Equal(129, Icmp(IcmpMessage.EchoReply, "fd00::2").Type);
        Assert.Equal(11, Icmp(IcmpMessage.TimeExceeded, "10.0.0.2").Type);
        Assert.Equal(3, Icmp(IcmpMessage.TimeExceeded, "fd00::2").Type);
        Assert.Equal(1, Icmp(IcmpMessage.DestinationUnreachable, "fd00::2").Type);
    }

    [Fact]
    public void Packet_to_a_group_has_the_groups_mac_address()
    {
        Assert.Equal("33:33:00:00:00:01", PacketBuilder.Build(new() { Destination = Ip("ff02::1") }).DestinationMac.ToString());
        Assert.Equal("01:00:5e:00:00:fb", PacketBuilder.Build(new() { Destination = Ip("224.0.0.251") }).DestinationMac.ToString());
        VhostPacket named = PacketBuilder.Build(new() { Destination = Ip("224.0.0.251"), DestinationMac = MacAddress.Broadcast });
        Assert.Equal(MacAddress.Broadcast, named.DestinationMac);
    }

    [Fact]
    public void Raw_ethernet_and_raw_ip_carry_the_asked_numbers()
    {
        VhostPacket ethernet = PacketBuilder.Build(new() { Protocol = PacketProtocol.Ethernet, EtherType = 0x88cc, PayloadText = "x" });
        Assert.Equal((0x88cc, "x"), ((int)ethernet.EtherType, ethernet.PayloadText));
        VhostPacket ip = PacketBuilder.Build(new() { Protocol = PacketProtocol.IPv6, IpProtocol = 89, PayloadText = "x" });
        Assert.Equal("IPv6 fd00::1 > fd00::2 protocol 89 1 bytes", ip.Summary);
    }

    [Fact]
    public void Largest_datagram_fits_and_one_byte_more_does_not()
    {
        Assert.Equal(65507, PacketBuilder.Build(new() { Payload = new byte[65507] }).Payload.Length);
        Assert.Equal(65527, PacketBuilder.Build(new() { Source = Ip("fd00::1"), Payload = new byte[65527] }).Payload.Length);
        AssertRefused(new() { Payload = new byte[65508] }, "Payload: expected at most 65507 bytes in this UDP packet, got 65508.");
        AssertRefused(new() { Source = Ip("::1"), Payload = new byte[65528] }, "Payload: expected at most 65527 bytes in this UDP packet, got 65528.");
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Wish_that_does_not_fit_is_refused_by_name_with_what_was_expected_and_given(PacketSpec spec, string message) =>
        AssertRefused(spec, message);

    public static TheoryData<PacketSpec, string> Refused => new()
    {
        { new() { SourcePort = 70000 }, "SourcePort: expected 0 to 65535, got 70000." },
        { new() { DestinationPort = -1 }, "DestinationPort: expected 0 to 65535, got -1." },
        { new() { VlanId = 4096 }, "VlanId: expected 0 to 4095, got 4096." },
        { new() { VlanPriority = 8 }, "VlanPriority: expected 0 to 7, got 8." },
        { new() { Dscp = 64 }, "Dscp: expected 0 to 63, got 64." },
        { new() { TimeToLive = 256 }, "TimeToLive: expected 0 to 255, got 256." },
        { new() { Protocol = PacketProtocol.Icmp, Sequence = 65536 }, "Sequence: expected 0 to 65535, got 65536." },
        {
            new() { Source = IPAddress.Parse("fd00::1"), Destination = IPAddress.Parse("10.0.0.2") },
            "Destination: expected an IPv6 address as Source, fd00::1, is, got 10.0.0.2."
        },
        { new() { Protocol = PacketProtocol.IPv6, Source = IPAddress.Parse("10.0.0.1") }, "Source: expected an IPv6 address, got 10.0.0.1." },
        { new() { Protocol = PacketProtocol.Arp, Destination = IPAddress.Parse("::1") }, "Destination: expected an IPv4 address, got ::1." },
        { new() { Protocol = PacketProtocol.Arp, SourcePort = 1 }, "SourcePort: expected a packet with this field, got ARP who has" },
        { new() { Protocol = PacketProtocol.Arp, PayloadText = "x" }, "Payload: expected a packet with a payload, got ARP who has" },
        { new() { Protocol = PacketProtocol.Ethernet, Source = IPAddress.Loopback }, "Source: expected a packet with this field, got Ethernet" },
        { new() { TcpFlags = TcpFlags.Ack }, "TcpFlags: expected a packet with this field, got IPv4 10.0.0.1:1000" },
        { new() { Protocol = PacketProtocol.Icmp, IcmpType = 256 }, "IcmpType: expected 0 to 255, got 256." },
        { new() { Source = IPAddress.Parse("::1"), Id = 1 }, "Id: expected a packet with this field, got IPv6" },
        { new() { PayloadText = "hello", Length = 46 }, "Length: expected 47 (headers and payload) to 65549 bytes, got 46." },
        { new() { Length = int.MaxValue }, "Length: expected 42 (headers and payload) to 65549 bytes, got 2147483647." },
        { new() { Protocol = PacketProtocol.Arp, Length = int.MaxValue }, "Length: expected 42" },
        { new() { MinimumLength = -1 }, "MinimumLength: expected 0 to 65549 bytes, got -1." },
        { new() { Length = 60, MinimumLength = 61 }, "MinimumLength: expected 0 to 60 bytes, got 61." },
        { new() { Payload = new byte[1], PayloadText = "x" }, "Payload: expected either it or PayloadText, got both." },
        { new() { Protocol = (PacketProtocol)99 }, "Protocol: expected a named protocol, got 99." },
    };

    private static void AssertRefused(PacketSpec spec, string message) =>
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => PacketBuilder.Build(spec)).Message);

    private static IcmpLayer Icmp(IcmpMessage message, string destination)
    {
        VhostPacket packet = PacketBuilder.Build(new() { Protocol = PacketProtocol.Icmp, IcmpMessage = message, Destination = Ip(destination) });
        Assert.True(packet.Find<IcmpLayer>()!.ChecksumValid);
        return packet.Find<IcmpLayer>()!;
    }

    private static IPAddress Ip(string text) => IPAddress.Parse(text);
}
