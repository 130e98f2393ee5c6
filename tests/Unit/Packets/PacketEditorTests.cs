using System.Net;
using VhostUser.Packets;
using Xunit;

namespace VhostUser.Tests.Packets;

public class PacketEditorTests
{
    [Fact]
    public void Changing_nothing_gives_the_captured_frames_back()
    {
        foreach (string hex in Captures.All)
            Assert.Equal(VhostPacket.FromHex(hex).ToHex(), PacketEditor.Apply(VhostPacket.FromHex(hex), new()).ToHex());
    }

    [Fact]
    public void Changed_port_keeps_everything_else_and_the_checksum_follows()
    {
        VhostPacket packet = PacketEditor.Apply(VhostPacket.FromHex(Captures.TcpSyn), new() { DestinationPort = 443 });
        Assert.Equal(443, packet.DestinationPort);
        Assert.True(packet.Find<TcpLayer>()!.ChecksumValid);
        Assert.Equal("mss 1460, sackOK, TS val 4179188325 ecr 0, nop, wscale 10", packet.Find<TcpLayer>()!.Options);
        Assert.Equal(VhostPacket.FromHex(Captures.TcpSyn).ToHex(), PacketEditor.Apply(packet, new() { DestinationPort = 80 }).ToHex());
    }

    [Fact]
    public void Every_header_field_can_be_changed_and_is_read_back()
    {
        VhostPacket packet = PacketEditor.Apply(PacketBuilder.Build(new() { Protocol = PacketProtocol.Tcp }), new()
        {
            SourceMac = MacAddress.Parse("02:00:00:00:00:aa"), DestinationMac = MacAddress.Parse("02:00:00:00:00:bb"),
            Source = IPAddress.Parse("1.2.3.4"), Destination = IPAddress.Parse("5.6.7.8"), TimeToLive = 1, Dscp = 10, Id = 99, DontFragment = true,
            SourcePort = 1, DestinationPort = 2, Sequence = 4_000_000_000, Acknowledgment = 5, TcpFlags = TcpFlags.Psh | TcpFlags.Ack, Window = 6,
        });
        Assert.Equal("IPv4 1.2.3.4:1 > 5.6.7.8:2 TCP [Psh, Ack] seq 4000000000 ack 5 win 6 0 bytes", packet.Summary);
        Assert.Equal(("02:00:00:00:00:aa", "02:00:00:00:00:bb"), (packet.SourceMac.ToString(), packet.DestinationMac.ToString()));
        Ipv4Layer ip = packet.Find<Ipv4Layer>()!;
        Assert.Equal((1, 10, 99, true, false, 0), (ip.TimeToLive, ip.Dscp, ip.Id, ip.DontFragment, ip.MoreFragments, ip.FragmentOffset));
    }

    [Theory]
    [InlineData(Captures.DnsQuery)]
    [InlineData(Captures.UdpOverIpv6)]
    [InlineData(Captures.TcpSyn)]
    [InlineData(Captures.PingRequest)]
    [InlineData(Captures.ListenerReportBehindHopByHop)]
    public void Changed_payload_changes_all_lengths_and_checksums(string hex)
    {
        VhostPacket packet = PacketEditor.Apply(VhostPacket.FromHex(hex), new() { PayloadText = "another payload" });
        Assert.Equal("another payload", packet.PayloadText);
        Assert.True(packet.Find<TransportLayer>()!.ChecksumValid);
        Assert.True(packet.ChecksumsValid);
        Assert.DoesNotContain(packet.Layers, layer => layer is TrailerLayer or MalformedLayer);
    }

    [Fact]
    public void Untagged_template_gets_a_tag_and_a_tagged_one_keeps_its_only_one()
    {
        VhostPacket tagged = PacketEditor.Apply(VhostPacket.FromHex(Captures.PingRequest), new() { VlanId = 7 });
        Assert.Equal(54, tagged.Length);
        Assert.StartsWith("VLAN 7 IPv4 10.0.0.1 > 10.0.0.2 ICMP", tagged.Summary);
        VhostPacket again = PacketEditor.Apply(tagged, new() { VlanPriority = 3 });
        Assert.Equal(54, again.Length);
        Assert.Equal((7, 3), (again.VlanId, again.Find<VlanLayer>()!.Priority));
    }

    [Fact]
    public void Arp_request_made_a_reply_takes_the_target_address()
    {
        VhostPacket packet = PacketEditor.Apply(VhostPacket.FromHex(Captures.ArpRequest), new()
        {
            ArpOperation = ArpOperation.Reply, Source = IPAddress.Parse("10.0.0.2"), Destination = IPAddress.Parse("10.0.0.1"),
            SourceMac = MacAddress.Parse("02:00:00:00:00:02"), DestinationMac = MacAddress.Parse("02:00:00:00:00:01"),
        });
        Assert.Equal(VhostPacket.FromHex(Captures.ArpReply).ToHex(), packet.ToHex());
    }

    [Fact]
    public void Udp_datagram_without_checksum_stays_without()
    {
        VhostPacket template = VhostPacket.FromHex(Captures.DnsQuery.Replace("0025561b", "00250000"));
        VhostPacket packet = PacketEditor.Apply(template, new() { DestinationPort = 54, PayloadText = "x" });
        Assert.Equal((54, 0), (packet.DestinationPort, packet.Find<UdpLayer>()!.Checksum));
        Assert.True(packet.Find<Ipv4Layer>()!.ChecksumValid);
    }

    [Fact]
    public void Length_field_of_an_802_3_frame_follows_the_payload()
    {
        VhostPacket template = VhostPacket.FromHex("0180c2000000020000000001 0003 424203 0000000000");
        VhostPacket packet = PacketEditor.Apply(template, new() { PayloadText = "BBxyz" });
        Assert.Equal("0180c20000000200000000010005424278797a", packet.ToHex());
    }

    [Fact]
    public void Fragment_takes_changes_its_checksum_does_not_cover_and_refuses_the_others()
    {
        VhostPacket fragment = VhostPacket.FromHex(
            "020000000002020000000001 0800 45000024 0001 2000 4011 46c6 0a000001 0a000002 03e8 07d0 2000 1234 0102030405060708");
        VhostPacket changed = PacketEditor.Apply(fragment, new() { TimeToLive = 3 });
        Assert.Equal(3, changed.Find<Ipv4Layer>()!.TimeToLive);
        Assert.True(changed.Find<Ipv4Layer>()!.ChecksumValid);
        Assert.Equal(0x1234, changed.Find<UdpLayer>()!.Checksum);
        AssertRefused(fragment, new() { SourcePort = 1 }, "SourcePort: expected a whole packet");
        AssertRefused(fragment, new() { Source = IPAddress.Any }, "Source: expected a whole packet");
        AssertRefused(fragment, new() { PayloadText = "x" }, "Payload: expected a whole packet");
    }

    [Fact]
    public void Change_the_template_has_no_place_for_is_refused_by_name()
    {
        VhostPacket ping = VhostPacket.FromHex(Captures.PingRequest);
        AssertRefused(ping, new() { Protocol = PacketProtocol.Udp }, "Protocol: expected the template's, ICMP, got Udp.");
        AssertRefused(ping, new() { SourcePort = 1 }, "SourcePort: expected a packet with this field, got IPv4 10.0.0.1 > 10.0.0.2 ICMP");
        AssertRefused(ping, new() { Source = IPAddress.IPv6Loopback }, "Source: expected an IPv4 address, got ::1.");
        AssertRefused(ping, new() { EtherType = 1 }, "EtherType: expected a packet with this field");
        AssertRefused(VhostPacket.FromBytes([1, 2]), new() { VlanId = 1 }, "VlanId: expected a packet with this field");
        AssertRefused(VhostPacket.FromBytes([1, 2]), new() { PayloadText = "x" }, "Payload: expected a whole packet");
    }

    [Fact]
    public void Random_templates_are_changed_or_refused_but_never_break()
    {
        var random = new Random(99);
        byte[][] seeds = Captures.All.Select(hex => VhostPacket.FromHex(hex).Bytes.ToArray()).ToArray();
        PacketSpec[] changes =
        [
            new() { VlanId = 5 }, new() { PayloadText = "abc" }, new() { Length = 200 }, new() { SourcePort = 9 }, new() { TimeToLive = 9 },
            new() { Source = IPAddress.Loopback }, new() { DestinationMac = MacAddress.Broadcast }, new() { IcmpType = 135 }, new() { PadToMinimum = true },
        ];
        int changed = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] frame = (byte[])seeds[random.Next(seeds.Length)].Clone();
            for (int n = random.Next(3); n > 0; n--)
                frame[random.Next(frame.Length)] = (byte)random.Next(256);
            try
            {
                _ = PacketEditor.Apply(VhostPacket.FromBytes(frame), changes[random.Next(changes.Length)]).Summary;
                changed++;
            }
            catch (ArgumentException refused)
            {
                Assert.IsType<ArgumentException>(refused);
                Assert.Contains(": expected ", refused.Message);
            }
        }
        Assert.InRange(changed, 5_000, 19_999);
    }

    private static void AssertRefused(VhostPacket template, PacketSpec changes, string message) =>
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => PacketEditor.Apply(template, changes)).Message);
}
