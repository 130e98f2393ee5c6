using System.Net;
using VhostUser.Packets;
using Xunit;

namespace VhostUser.Tests.Packets;

public class PacketTemplateTests
{
    [Theory]
    [InlineData(PacketField.SourcePort, "1000 1001 1002")]
    [InlineData(PacketField.DestinationPort, "2000 2001 2002")]
    [InlineData(PacketField.Source, "10.0.0.1 10.0.0.2 10.0.0.3")]
    [InlineData(PacketField.Destination, "10.0.0.2 10.0.0.3 10.0.0.4")]
    [InlineData(PacketField.SourceMac, "02:00:00:00:00:01 02:00:00:00:00:02 02:00:00:00:00:03")]
    [InlineData(PacketField.DestinationMac, "02:00:00:00:00:02 02:00:00:00:00:03 02:00:00:00:00:04")]
    [InlineData(PacketField.Id, "0 1 2")]
    [InlineData(PacketField.Sequence, "1 2 3")]
    [InlineData(PacketField.VlanId, "100 101 102")]
    public void Counter_starts_from_the_field_and_every_packet_is_right(PacketField field, string values)
    {
        VhostPacket[] packets = Expand(new()
        {
            Spec = new() { Protocol = PacketProtocol.Tcp, VlanId = 100, PayloadText = "hello" }, Count = 3, Counter = field,
        });
        Assert.Equal(values, string.Join(' ', packets.Select(packet => Value(packet, field))));
        Assert.All(packets, packet => Assert.True(packet.ChecksumsValid && packet.Find<TcpLayer>()!.ChecksumValid == true));
        Assert.Equal(3, packets.Select(packet => packet.ToHex()).Distinct().Count());
    }

    [Fact]
    public void Start_and_step_are_obeyed_and_the_field_wraps_around()
    {
        PacketTemplate template = new() { Count = 3, Counter = PacketField.SourcePort, Start = 65534, Step = 1 };
        Assert.Equal([65534, 65535, 0], Expand(template).Select(packet => packet.SourcePort!.Value));
        Assert.Equal([0, 65531, 65526], Expand(template with { Start = 0, Step = -5 }).Select(packet => packet.SourcePort!.Value));
        PacketTemplate vlans = new() { Spec = new() { VlanId = 4095, VlanPriority = 6 }, Count = 2, Counter = PacketField.VlanId };
        VhostPacket last = Expand(vlans)[1];
        Assert.Equal((0, 6), (last.VlanId, last.Find<VlanLayer>()!.Priority));
    }

    [Fact]
    public void Ipv6_addresses_count_over_all_their_bits()
    {
        PacketTemplate template = new()
        {
            Spec = new() { Source = IPAddress.Parse("fd00::ffff:ffff:ffff:ffff") }, Count = 2, Counter = PacketField.Source,
        };
        VhostPacket packet = Expand(template)[1];
        Assert.Equal("fd00:0:0:1::", packet.Source);
        Assert.True(packet.Find<UdpLayer>()!.ChecksumValid);
    }

    [Fact]
    public void Arp_sender_counts_in_both_its_places()
    {
        PacketTemplate template = new() { Spec = new() { Protocol = PacketProtocol.Arp }, Count = 2, Counter = PacketField.SourceMac };
        VhostPacket packet = Expand(template)[1];
        Assert.Equal("02:00:00:00:00:02", packet.SourceMac.ToString());
        Assert.Equal(packet.SourceMac, packet.Find<ArpLayer>()!.SenderMac);
    }

    [Theory]
    [InlineData(1, "ff 00")]
    [InlineData(2, "00ff 0100")]
    [InlineData(4, "000000ff 00000100")]
    [InlineData(8, "00000000000000ff 0000000000000100")]
    public void Payload_counter_is_big_endian_at_its_offset_and_width(int width, string values)
    {
        VhostPacket[] packets = Expand(new()
        {
            Spec = new() { Length = 64 }, Count = 2, Counter = PacketField.PayloadOffset, CounterOffset = 3, CounterWidth = width, Start = 255,
        });
        Assert.Equal(values.Split(' '), packets.Select(packet => Convert.ToHexStringLower(packet.Payload.AsSpan(3, width))));
        Assert.All(packets, packet => Assert.True(packet.Find<UdpLayer>()!.ChecksumValid));
    }

    [Fact]
    public void Captured_packet_as_template_takes_overrides_and_a_counter()
    {
        VhostPacket[] packets = Expand(new()
        {
            Base = VhostPacket.FromHex(Captures.DnsQuery), Spec = new() { DestinationPort = 5353 },
            Count = 2, Counter = PacketField.PayloadOffset, CounterOffset = 0, CounterWidth = 2,
        });
        Assert.Equal([0x1a2b, 0x1a2c], packets.Select(packet => packet.Payload[0] << 8 | packet.Payload[1]));
        Assert.All(packets, packet => Assert.Equal(5353, packet.DestinationPort));
        Assert.All(packets, packet => Assert.True(packet.ChecksumsValid));
    }

    [Fact]
    public void Raw_bytes_as_template_count_at_a_frame_offset()
    {
        PacketTemplate garbage = new()
        {
            Base = VhostPacket.FromHex("0102030405"), Count = 3, Counter = PacketField.FrameOffset, CounterOffset = 3, CounterWidth = 2, Step = 256,
        };
        Assert.Equal(["0102030405", "0102030505", "0102030605"], Expand(garbage).Select(packet => packet.ToHex()));

        PacketTemplate ttl = new()
        {
            Base = VhostPacket.FromHex(Captures.PingRequest), Count = 2, Counter = PacketField.FrameOffset, CounterOffset = 22, CounterWidth = 1, Start = 1,
        };
        Assert.Equal([1, 2], Expand(ttl).Select(packet => packet.Find<IpLayer>()!.TimeToLive));
        Assert.All(Expand(ttl), packet => Assert.True(packet.ChecksumsValid));
        Assert.All(Expand(ttl with { UpdateChecksums = false }), packet => Assert.False(packet.ChecksumsValid));
    }

    [Fact]
    public void Template_without_counter_repeats_its_packet_unchanged()
    {
        VhostPacket wrong = VhostPacket.FromHex(Captures.DnsQuery.Replace("0025561b", "0025561c"));
        VhostPacket[] packets = Expand(new() { Base = wrong, Count = 3 });
        Assert.Equal(3, packets.Length);
        Assert.All(packets, packet => Assert.Equal(wrong.ToHex(), packet.ToHex()));
        Assert.Empty(Expand(new() { Count = 0 }));
    }

    [Fact]
    public void Packets_are_made_only_as_far_as_they_are_asked_for() =>
        Assert.Equal(1002, new PacketTemplate { Count = int.MaxValue, Counter = PacketField.SourcePort }.Expand().ElementAt(2).SourcePort);

    [Theory]
    [MemberData(nameof(Refused))]
    public void Counter_that_does_not_fit_is_refused_before_the_first_packet(PacketTemplate template, string message) =>
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => { template.Expand(); }).Message);

    public static TheoryData<PacketTemplate, string> Refused => new()
    {
        { new() { Count = -1 }, "Count: expected 0 or more, got -1." },
        { new() { Counter = PacketField.VlanId }, "Counter VlanId: expected a packet with this field, got IPv4" },
        { new() { Counter = PacketField.SourcePort, Start = 65536 }, "Start: expected 0 to 65535 for SourcePort, got 65536." },
        {
            new() { Spec = new() { PayloadText = "hello" }, Counter = PacketField.PayloadOffset, CounterOffset = 2 },
            "CounterOffset: expected a place for 4 bytes among 5 (PayloadOffset), got 2."
        },
        { new() { Counter = PacketField.PayloadOffset }, "CounterOffset: expected a place for 4 bytes among 0 (PayloadOffset), got 0." },
        { new() { Counter = PacketField.FrameOffset, CounterOffset = -1 }, "CounterOffset: expected a place for 4 bytes among 42" },
        { new() { Counter = PacketField.FrameOffset, CounterWidth = 3 }, "CounterWidth: expected 1, 2, 4 or 8 bytes, got 3." },
    };

    private static VhostPacket[] Expand(PacketTemplate template) => template.Expand().ToArray();

    private static string? Value(VhostPacket packet, PacketField field) => field switch
    {
        PacketField.Id => packet.Find<Ipv4Layer>()!.Id.ToString(),
        PacketField.Sequence => packet.Find<TcpLayer>()!.Sequence.ToString(),
        _ => typeof(VhostPacket).GetProperty(field.ToString())!.GetValue(packet)!.ToString(),
    };
}
