using System.Net;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using Xunit;
using static VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Tests.Endpoints;

/// <summary>Checksums and cutting left to the other end, between our client and our server, over a socket.</summary>
public sealed class OffloadTests : IDisposable
{
    private const VirtioFeatures Send = Csum | HostTso4 | HostTso6 | HostEcn | HostUso;
    private const VirtioFeatures Take = GuestCsum | GuestTso4 | GuestTso6 | GuestEcn | GuestUso4 | GuestUso6;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;

    private string SocketPath => System.IO.Path.Combine(_directory, "lab.sock");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    public static TheoryData<string> Kinds => ["TCPv4", "TCPv6", "TCPv4+ECN", "UDP_L4"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_packet_of_60_KB_is_cut_for_a_client_that_takes_none(string kind)
    {
        VhostPacket whole = Large(kind);
        List<ReceivedPacket> received = Exchange(Send, whole.LeaveSegments(1400), bytes: 60_000, out OffloadPacket sent);
        Assert.Equal(kind, sent.NetHeader.GsoType);
        Assert.Equal(43, received.Count);
        Assert.Equal(whole.Payload, received.SelectMany(packet => packet.Payload));
        Assert.All(received, packet => Assert.True(packet.ChecksumsValid));
        Assert.All(received, packet => Assert.Equal((NetHeaderFlags.None, "None"), (packet.NetHeader.Flags, packet.NetHeader.GsoType)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_packet_of_60_KB_passes_whole_to_a_client_that_takes_it(string kind)
    {
        VhostPacket whole = Large(kind);
        List<ReceivedPacket> received = Exchange(Send | Take, whole.LeaveSegments(1400), bytes: 60_000, out OffloadPacket sent);
        ReceivedPacket packet = Assert.Single(received);
        Assert.Equal(sent.NetHeader with { BufferCount = packet.NetHeader.BufferCount, Size = 12 }, packet.NetHeader);
        Assert.Equal(30, packet.NetHeader.BufferCount); // of 2048 bytes
        Assert.True(packet.NeedsChecksum);
        Assert.Equal(whole.ToHex(), packet.CompleteChecksum().ToHex());
    }

    [Theory]
    [InlineData(None)]
    [InlineData(GuestCsum)]
    public void A_checksum_is_completed_or_passed_on(VirtioFeatures take)
    {
        VhostPacket whole = PacketBuilder.Build(new PacketSpec { PayloadText = "hello" });
        ReceivedPacket packet = Assert.Single(Exchange(Csum | take, whole.LeaveChecksum(), 5, out OffloadPacket sent));
        Assert.NotEqual(whole.ToHex(), sent.ToHex());
        Assert.Equal(take != None, packet.NeedsChecksum);
        Assert.Equal(whole.ToHex(), packet.CompleteChecksum().ToHex());
    }

    [Fact]
    public void Where_only_UFO_is_there_a_datagram_is_cut_into_fragments()
    {
        VhostPacket whole = Large("UDP_L4");
        List<ReceivedPacket> received = Exchange(Csum | HostUfo, whole.LeaveSegments(1480), 60_000, out _, headers: 8);
        Assert.Equal(41, received.Count); // of 60,008 bytes
        Assert.Equal(1480 * 40, received[40].Find<Ipv4Layer>()!.FragmentOffset);
    }

    [Fact]
    public void A_feature_brings_those_that_it_needs()
    {
        using VhostServer server = Serve();
        using SharedRegion region = Region();
        using VhostClient client = Connect(region, HostTso4 | GuestEcn);
        Assert.Equal(["Csum", "GuestCsum", "GuestTso4", "GuestTso6", "GuestEcn", "HostTso4"], client.Snapshot().Features[..6]);
    }

    [Fact]
    public void A_server_without_checksums_offers_nothing_that_needs_them()
    {
        using VhostServer server = Serve(exclude: Csum | GuestTso4 | GuestTso6);
        string[] offered = server.Snapshot().OfferedFeatures;
        Assert.DoesNotContain(offered, name => name.StartsWith("Host", StringComparison.Ordinal));
        Assert.DoesNotContain("GuestEcn", offered);
        Assert.Contains("GuestUso4", offered);
    }

    [Fact]
    public void What_was_not_negotiated_is_refused_before_it_is_sent_and_names_the_feature()
    {
        using VhostServer server = Serve();
        using SharedRegion region = Region();
        using VhostClient client = Connect(region, Csum);
        VhostException error = Assert.Throws<VhostException>(() => client.Send(Large("TCPv4").LeaveSegments(1400), 1, 1, new SendPace(0), Bound, default));
        Assert.Equal(VhostError.FeatureMissing, error.Error);
        Assert.Contains("HostTso4", error.Message, StringComparison.Ordinal);
        Assert.Equal("Connect with -Feature Csum, HostTso4.", error.RecommendedAction);
        Assert.Equal(0, client.Snapshot().PacketsSent);
    }

    [Fact]
    public void A_received_packet_without_its_checksum_is_sent_on_with_it()
    {
        using VhostServer server = Serve();
        using SharedRegion region = Region();
        using VhostClient client = Connect(region, GuestCsum);
        VhostPacket whole = PacketBuilder.Build(new PacketSpec { PayloadText = "hello" });
        OffloadPacket left = whole.LeaveChecksum();
        var packet = new ReceivedPacket(left.Request, left.Bytes.Span, 0, default);
        client.Send(packet, 1, 1, new SendPace(0), Bound, default);
        var received = new List<ReceivedPacket>();
        client.Receive(received, 0, 1, Bound, default);
        Assert.Equal(whole.ToHex(), Assert.Single(received).ToHex());
    }

    [Fact]
    public void The_header_s_words_fit_only_packets_that_have_a_checksum_to_leave()
    {
        Assert.Throws<ArgumentException>(() => PacketBuilder.Build(new PacketSpec { Protocol = PacketProtocol.Icmp }).LeaveChecksum());
        Assert.Throws<ArgumentException>(() => PacketBuilder.Build(new PacketSpec()).LeaveSegments(0));
        Assert.Throws<ArgumentException>(() => VhostPacket.FromBytes([1, 2, 3]).LeaveChecksum());
        // Padding would be summed by a receiver that goes by the packet's end.
        VhostPacket packet = PacketBuilder.Build(new PacketSpec { PayloadText = "x" });
        Assert.Equal(packet.Length, VhostPacket.FromBytes([.. packet.Bytes.Span, 0, 0, 0]).LeaveChecksum().Length);
    }

    private List<ReceivedPacket> Exchange(VirtioFeatures features, OffloadPacket packet, int bytes, out OffloadPacket sent, int headers = 0)
    {
        sent = packet;
        using VhostServer server = Serve();
        using SharedRegion region = Region();
        using VhostClient client = Connect(region, features);
        Assert.Equal(1, client.Send(packet, 1, 1, new SendPace(0), Bound, default));
        var received = new List<ReceivedPacket>();
        while (received.Sum(part => part.Payload.Length) < bytes) Assert.NotEqual(0, client.Receive(received, 0, 64, Bound, default));
        Assert.Empty(server.Snapshot().Drops);
        Assert.True(headers == 0 || received.Count > 1);
        return received;
    }

    private VhostServer Serve(VirtioFeatures exclude = None) =>
        VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = SocketPath, Mode = ServerMode.Echo, ExcludeFeatures = exclude });

    private VhostClient Connect(SharedRegion region, VirtioFeatures features) =>
        VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = SocketPath, Regions = [region], RequireFeatures = features });

    private static SharedRegion Region() => SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 16 << 20 });

    private static VhostPacket Large(string kind)
    {
        byte[] data = new byte[60_000];
        new Random(1).NextBytes(data);
        bool v6 = kind.Contains("v6", StringComparison.Ordinal);
        bool tcp = kind.StartsWith("TCP", StringComparison.Ordinal);
        return PacketBuilder.Build(new PacketSpec
        {
            Protocol = tcp ? PacketProtocol.Tcp : PacketProtocol.Udp,
            TcpFlags = !tcp ? null : kind.EndsWith("ECN", StringComparison.Ordinal) ? TcpFlags.Ack | TcpFlags.Cwr : TcpFlags.Ack,
            Source = v6 ? IPAddress.Parse("fd00::1") : null,
            Destination = v6 ? IPAddress.Parse("fd00::2") : null,
            Payload = data,
        });
    }
}
