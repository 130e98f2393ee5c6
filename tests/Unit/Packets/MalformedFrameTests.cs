using System.Diagnostics;
using VhostUser.Packets;
using Xunit;

namespace VhostUser.Tests.Packets;

public class MalformedFrameTests
{
    private const string Ethernet = "020000000002020000000001";
    private const string Ip6 = "fd000000000000000000000000000001fd000000000000000000000000000002";

    [Theory]
    [InlineData("0200", "Ethernet header: expected 14 bytes, got 2")]
    [InlineData(Ethernet + "8100 00", "VLAN tag: expected 4 bytes, got 1")]
    [InlineData(Ethernet + "0010 00", "IEEE 802.3 length: expected at most 1, got 16")]
    [InlineData(Ethernet + "0806 0001080006040001", "ARP packet: expected 28 bytes, got 8")]
    [InlineData(Ethernet + "0806 0006080006040001", "got 6, 6 bytes and 0x0800, 4 bytes")]
    [InlineData(Ethernet + "0800 45", "IPv4 header: expected 20 bytes, got 1")]
    [InlineData(Ethernet + "0800 65000014000000004011000000000000 00000000", "IPv4 version: expected 4, got 6")]
    [InlineData(Ethernet + "0800 44000014000000004011000000000000 00000000", "IPv4 header length: expected 20 to 60 bytes, got 16")]
    [InlineData(Ethernet + "0800 4f000014000000004011000000000000 00000000", "IPv4 header length: expected at most the 20 bytes left, got 60")]
    [InlineData(Ethernet + "0800 45000013000000004011000000000000 00000000", "IPv4 total length: expected at least the header's 20 bytes, got 19")]
    [InlineData(Ethernet + "0800 45000015000000004011000000000000 00000000", "IPv4 total length: expected at most the 20 bytes left, got 21")]
    [InlineData(Ethernet + "0800 45000018000000004011000000000000 00000000 01020304", "UDP header: expected 8 bytes, got 4")]
    [InlineData(Ethernet + "0800 4500001c000000004011000000000000 00000000 0102030400070000", "UDP length: expected at least 8, got 7")]
    [InlineData(Ethernet + "0800 4500001c000000004011000000000000 00000000 0102030400090000", "UDP length: expected at most the 8 bytes left, got 9")]
    [InlineData(Ethernet + "0800 45000018000000004006000000000000 00000000 01020304", "TCP header: expected 20 bytes, got 4")]
    [InlineData(Ethernet + "0800 45000028000000004006000000000000 00000000 000100020000000000000000 f00000000000 0000", "TCP data offset: expected 20 to 20 bytes, got 60")]
    [InlineData(Ethernet + "0800 45000018000000004001000000000000 00000000 08000000", "ICMP header: expected 8 bytes, got 4")]
    [InlineData(Ethernet + "86dd 6000000000001140", "IPv6 header: expected 40 bytes, got 8")]
    [InlineData(Ethernet + "86dd 5000000000001140" + Ip6, "IPv6 version: expected 6, got 5")]
    [InlineData(Ethernet + "86dd 6000000000011140" + Ip6, "IPv6 payload length: expected at most the 0 bytes left, got 1")]
    [InlineData(Ethernet + "86dd 6000000000043c40" + Ip6 + "11000000", "IPv6 extension header: expected 8 bytes, got 4")]
    [InlineData(Ethernet + "86dd 6000000000083c40" + Ip6 + "1101000000000000", "IPv6 extension header: expected 16 bytes, got 8")]
    [InlineData(Ethernet + "86dd 6000000000083aff" + Ip6 + "8700000000000000", "ICMPv6 neighbour message: expected 24 bytes, got 8")]
    public void Frame_that_does_not_fit_its_headers_says_why(string hex, string reason)
    {
        VhostPacket packet = VhostPacket.FromHex(hex);
        Assert.Contains(reason, packet.Find<MalformedLayer>()!.Reason);
        Assert.Contains("[malformed: ", packet.Summary);
    }

    [Fact]
    public void Empty_frame_has_no_fields_and_one_malformed_layer()
    {
        VhostPacket packet = VhostPacket.FromBytes([]);
        Assert.IsType<MalformedLayer>(Assert.Single(packet.Layers));
        Assert.Null(packet.SourceMac);
        Assert.Null(packet.Source);
        Assert.Equal(EtherType.None, packet.EtherType);
        Assert.Empty(packet.Payload);
        Assert.Equal("", packet.ToHexDump());
    }

    [Fact]
    public void A_hundred_thousand_random_or_mutated_frames_decode_without_exception_and_in_time()
    {
        var random = new Random(20240607);
        byte[][] seeds = Captures.All.Select(hex => VhostPacket.FromHex(hex).Bytes.ToArray()).ToArray();
        var watch = Stopwatch.StartNew();
        int malformed = 0;
        for (int i = 0; i < 100_000; i++)
        {
            byte[] frame = i % 4 == 0 ? RandomBytes(random) : Mutate(random, seeds[random.Next(seeds.Length)]);
            VhostPacket packet = VhostPacket.FromBytes(frame);
            malformed += packet.Find<MalformedLayer>() is null ? 0 : 1;
            AskEverything(packet);
            AssertLayersCoverFrame(packet);
        }
        Assert.InRange(malformed, 1_000, 99_000);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), $"took {watch.Elapsed}");
    }

    [Fact]
    public void Largest_frame_of_tags_or_extension_headers_decodes_in_time()
    {
        var watch = Stopwatch.StartNew();
        byte[] tags = Enumerable.Range(0, 65550).Select(i => (i & 3) == 0 ? (byte)0x81 : (byte)0).ToArray();
        Assert.True(VhostPacket.FromBytes(tags).Layers.Count > 10_000);
        VhostPacket options = VhostPacket.FromHex(Ethernet + "86dd 60000000ffff3c40" + Ip6
            + string.Concat(Enumerable.Repeat("3c00000000000000", 8192)));
        Assert.True(options.Layers.Count > 8_000);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"took {watch.Elapsed}");
    }

    private static void AskEverything(VhostPacket packet)
    {
        Assert.NotEmpty(packet.Protocol);
        Assert.NotEmpty(packet.Summary);
        Assert.Equal(packet.Payload.Length, packet.PayloadText.Length);
        _ = (packet.Source, packet.Destination, packet.SourcePort, packet.DestinationPort, packet.VlanId, packet.ChecksumsValid);
    }

    private static void AssertLayersCoverFrame(VhostPacket packet)
    {
        int end = 0;
        foreach (PacketLayer layer in packet.Layers)
        {
            if (layer.Offset != end || layer.Length < 0)
                Assert.Fail($"{layer} does not begin at {end} in {packet.ToHex()}");
            end += layer.Length;
        }
        Assert.Equal(packet.Length, end);
    }

    private static byte[] RandomBytes(Random random)
    {
        var frame = new byte[random.Next(120)];
        random.NextBytes(frame);
        // Half of them get a type the decoder looks into.
        if (frame.Length > 14 && random.Next(2) == 0)
            ((ReadOnlySpan<byte>)[8, 0, 8, 6, 0x81, 0, 0x86, 0xDD]).Slice(2 * random.Next(4), 2).CopyTo(frame.AsSpan(12));
        return frame;
    }

    private static byte[] Mutate(Random random, byte[] seed)
    {
        byte[] frame = seed[..random.Next(Math.Max(1, seed.Length / 2), seed.Length + 1)];
        for (int i = random.Next(4); i > 0; i--)
            frame[random.Next(frame.Length)] = (byte)random.Next(256);
        return random.Next(4) == 0 ? [.. frame, .. new byte[random.Next(8)]] : frame;
    }
}
