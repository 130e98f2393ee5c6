using System.Net;
using VhostUser.Packets;
using Xunit;

namespace VhostUser.Tests.Packets;

public class DecodeTests
{
    [Theory]
    [InlineData(Captures.ArpRequest, "ARP", "ARP who has 10.0.0.2 tell 10.0.0.1")]
    [InlineData(Captures.ArpReply, "ARP", "ARP 10.0.0.2 is at 02:00:00:00:00:02")]
    [InlineData(Captures.DnsQuery, "UDP", "IPv4 10.0.0.1:43960 > 10.0.0.2:53 UDP 29 bytes")]
    [InlineData(Captures.PingRequest, "ICMP", "IPv4 10.0.0.1 > 10.0.0.2 ICMP echo request id 77 seq 1 8 bytes")]
    [InlineData(Captures.PingReply, "ICMP", "IPv4 10.0.0.2 > 10.0.0.1 ICMP echo reply id 77 seq 1 8 bytes")]
    [InlineData(Captures.TcpSyn, "TCP", "IPv4 10.0.0.1:34060 > 10.0.0.2:80 TCP [Syn] seq 3811160869 ack 0 win 64240 0 bytes")]
    [InlineData(Captures.TcpReset, "TCP", "IPv4 10.0.0.2:80 > 10.0.0.1:34060 TCP [Rst, Ack] seq 0 ack 3811160870 win 0 0 bytes")]
    [InlineData(Captures.UdpOverIpv6, "UDP", "IPv6 [fd00::1]:55237 > [fd00::2]:5353 UDP 5 bytes")]
    [InlineData(Captures.NeighbourSolicitation, "ICMP", "IPv6 fd00::1 > ff02::1:ff00:2 ICMPv6 neighbour solicitation for fd00::2")]
    [InlineData(Captures.ListenerReportBehindHopByHop, "ICMP",
        "IPv6 fe80::ff:fe00:2 > ff02::16 ICMPv6 multicast listener report v2 code 0 20 bytes")]
    [InlineData(Captures.PortUnreachable, "ICMP", "IPv4 10.0.0.2 > 10.0.0.1 ICMP destination unreachable code 3 57 bytes")]
    public void Captured_frame_is_summed_up_in_one_line_and_its_checksums_hold(string hex, string protocol, string summary)
    {
        VhostPacket packet = VhostPacket.FromHex(hex);
        Assert.Equal(protocol, packet.Protocol);
        Assert.Equal(summary, packet.Summary);
        Assert.Equal(summary, packet.ToString());
        Assert.True(packet.ChecksumsValid);
        Assert.DoesNotContain(packet.Layers, layer => layer is MalformedLayer);
        if (packet.Find<TransportLayer>() is { } upper)
            Assert.True(upper.ChecksumValid);
    }

    [Fact]
    public void Flat_properties_of_a_dns_query_are_those_of_its_layers()
    {
        VhostPacket packet = VhostPacket.FromHex(Captures.DnsQuery);
        Assert.Equal(71, packet.Length);
        Assert.Equal("02:00:00:00:00:01", packet.SourceMac.ToString());
        Assert.Equal("02:00:00:00:00:02", packet.DestinationMac.ToString());
        Assert.Null(packet.VlanId);
        Assert.Equal(EtherType.IPv4, packet.EtherType);
        Assert.Equal("10.0.0.1", packet.Source);
        Assert.Equal("10.0.0.2", packet.Destination);
        Assert.Equal(43960, packet.SourcePort);
        Assert.Equal(53, packet.DestinationPort);
        Assert.Equal(0x1a, packet.Payload[0]);
        Assert.Equal(".+...........example.com.....", packet.PayloadText);
        Assert.Equal(["Ethernet", "IPv4", "UDP", "Payload"], packet.Layers.Select(layer => layer.Name));
        var ip = Assert.IsType<Ipv4Layer>(packet.Layers[1]);
        Assert.Equal((14, 20, 57, 0xae41, true, 64, 17), (ip.Offset, ip.Length, ip.TotalLength, ip.Id, ip.DontFragment, ip.TimeToLive, ip.Protocol));
    }

    [Fact]
    public void Tcp_options_of_a_syn_are_told_in_words()
    {
        TcpLayer tcp = Find<TcpLayer>(Captures.TcpSyn);
        Assert.Equal(40, tcp.Length);
        Assert.Equal("mss 1460, sackOK, TS val 4179188325 ecr 0, nop, wscale 10", tcp.Options);
    }

    [Fact]
    public void Neighbour_solicitation_has_target_and_option_as_payload()
    {
        VhostPacket packet = VhostPacket.FromHex(Captures.NeighbourSolicitation);
        Assert.Equal(IPAddress.Parse("fd00::2"), packet.Find<IcmpLayer>()!.Target);
        Assert.Equal(Convert.FromHexString("0101020000000001"), packet.Payload);
    }

    [Fact]
    public void Hop_by_hop_header_is_a_layer_of_its_own()
    {
        var extension = Find<Ipv6ExtensionLayer>(Captures.ListenerReportBehindHopByHop);
        Assert.Equal(new Ipv6ExtensionLayer(54, 8, 0, 58, 0), extension);
    }

    [Fact]
    public void Padding_behind_the_ip_length_is_trailer_and_not_payload()
    {
        VhostPacket packet = VhostPacket.FromHex(Captures.PingRequest + "000000000000000000");
        Assert.Equal("abcdefgh", packet.PayloadText);
        Assert.Equal(new TrailerLayer(50, 9), packet.Layers[^1]);
        Assert.True(packet.ChecksumsValid);
    }

    [Fact]
    public void Stacked_vlan_tags_are_all_decoded_and_the_outer_one_is_the_flat_one()
    {
        string tagged = Captures.PingRequest.Replace(" 0800 45", " 88a8 6064 8100 b0c8 0800 45");
        VhostPacket packet = VhostPacket.FromHex(tagged);
        Assert.Equal(
            [new VlanLayer(14, 4, EtherType.ProviderVlan, 100, 3, false, EtherType.Vlan), new VlanLayer(18, 4, EtherType.Vlan, 200, 5, true, EtherType.IPv4)],
            packet.Layers.OfType<VlanLayer>());
        Assert.Equal(100, packet.VlanId);
        Assert.Equal(EtherType.IPv4, packet.EtherType);
        Assert.StartsWith("VLAN 100 VLAN 200 IPv4 10.0.0.1 >", packet.Summary);
    }

    [Fact]
    public void Ipv4_options_belong_to_the_header()
    {
        // An IGMP query with router alert (RFC 2113).
        VhostPacket packet = VhostPacket.FromHex(
            "01005e000016020000000001 0800 46c0 0020 0000 4000 0102 fa00 0a000001 e0000016 94040000 1100 eeff 0000 0000");
        Assert.Equal(24, packet.Find<Ipv4Layer>()!.Length);
        Assert.True(packet.Find<Ipv4Layer>()!.ChecksumValid);
        Assert.Equal(8, packet.Payload.Length);
        Assert.Equal(38, packet.Find<PayloadLayer>()!.Offset);
    }

    [Fact]
    public void Later_ipv4_fragment_is_not_taken_for_a_transport_header()
    {
        VhostPacket packet = VhostPacket.FromHex("020000000002020000000001 0800 4500001c 0001 00b9 4011 0000 0a000001 0a000002 0102030405060708");
        Assert.Null(packet.SourcePort);
        Assert.Equal("IPv4", packet.Protocol);
        Assert.Equal(1480, packet.Find<Ipv4Layer>()!.FragmentOffset);
        Assert.Contains("protocol 17 fragment at 1480 8 bytes", packet.Summary);
    }

    [Fact]
    public void First_fragment_has_ports_but_its_checksum_is_not_judged()
    {
        VhostPacket packet = VhostPacket.FromHex(
            "020000000002020000000001 0800 45000024 0001 2000 4011 46c6 0a000001 0a000002 03e8 07d0 2000 1234 0102030405060708");
        Assert.Equal(1000, packet.SourcePort);
        Assert.Null(packet.Find<UdpLayer>()!.ChecksumValid);
        Assert.True(packet.ChecksumsValid);
        Assert.Equal(8, packet.Payload.Length);
    }

    [Fact]
    public void Later_ipv6_fragment_is_not_taken_for_a_transport_header()
    {
        VhostPacket packet = VhostPacket.FromHex(
            "020000000002020000000001 86dd 60000000 0010 2c 40 fd000000000000000000000000000001 fd000000000000000000000000000002"
            + "11 00 05a8 00000007 0102030405060708");
        Assert.Equal(new Ipv6FragmentLayer(54, 8, 17, 1448, false, 7), packet.Find<Ipv6FragmentLayer>());
        Assert.Null(packet.SourcePort);
        Assert.Contains("protocol 17 fragment at 1448 8 bytes", packet.Summary);
    }

    [Fact]
    public void Wrong_checksum_is_named_in_the_summary()
    {
        VhostPacket packet = VhostPacket.FromHex(Captures.DnsQuery.Replace("0025561b", "0025561c"));
        Assert.False(packet.ChecksumsValid);
        Assert.EndsWith("[bad UDP checksum]", packet.Summary);
    }

    [Fact]
    public void Udp_without_checksum_over_ipv4_counts_as_right()
    {
        VhostPacket packet = VhostPacket.FromHex(Captures.DnsQuery.Replace("0025561b", "00250000"));
        Assert.Null(packet.Find<UdpLayer>()!.ChecksumValid);
        Assert.True(packet.ChecksumsValid);
    }

    [Fact]
    public void Length_field_of_an_802_3_frame_ends_its_data()
    {
        VhostPacket packet = VhostPacket.FromHex("0180c2000000020000000001 0003 424203 0000000000");
        Assert.Equal([0x42, 0x42, 0x03], packet.Payload);
        Assert.Equal(5, packet.Find<TrailerLayer>()!.Length);
        Assert.Equal("Ethernet", packet.Protocol);
    }

    private static T Find<T>(string hex) where T : PacketLayer => Assert.IsType<T>(VhostPacket.FromHex(hex).Find<T>());
}
