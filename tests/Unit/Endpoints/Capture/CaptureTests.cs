using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Packets.Pcap;
using VhostUser.Protocol;
using VhostUser.Tests.Packets.Pcap;
using Xunit;

namespace VhostUser.Tests.Endpoints.Capture;

/// <summary>Captures of live endpoints.</summary>
public sealed class CaptureTests : IDisposable
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;
    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 32 << 20 });
    private readonly VhostServer _server;
    private readonly VhostClient _client;

    public CaptureTests()
    {
        _server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = At("a.sock"), Mode = ServerMode.Echo });
        _client = VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = At("a.sock"), Regions = [_region], RequireFeatures = VirtioFeatures.Csum | VirtioFeatures.HostTso4 | VirtioFeatures.GuestTso4 });
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _region.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void Both_ends_of_a_link_are_in_one_file_with_direction_queue_and_order()
    {
        using (VhostCapture capture = Start(Options(CaptureSource.Of(_server), CaptureSource.Of(_client))))
        {
            Echo(10);
            capture.Dispose();
            VhostCaptureInfo info = capture.Snapshot();
            Assert.Equal((CaptureState.Stopped, 40, 0), (info.State, info.Packets, info.Dropped));
            Assert.Equal([("sw0", "Server", 20L), ("vm0", "Client", 20L)], info.Interfaces.Select(one => (one.Name, one.Kind, one.Packets)));
            Assert.Equal(new FileInfo(At("a.pcapng")).Length, info.Bytes);
        }
        using CaptureReader reader = CaptureReader.Open(At("a.pcapng"));
        List<CapturedPacket> packets = PcapBytes.Read(reader);
        Assert.Equal(["sw0", "vm0"], reader.Interfaces.Select(one => one.Name));
        Assert.Equal(packets.Select(packet => packet.Time).Order(), packets.Select(packet => packet.Time));
        Assert.InRange(packets[0].Time / 1_000_000_000, DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 600, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        // Out of the client, into the server, out of the server, into the client.
        Assert.Equal([(1, CaptureFlags.Outbound, 1u), (0, CaptureFlags.Inbound, 1u), (0, CaptureFlags.Outbound, 0u), (1, CaptureFlags.Inbound, 0u)],
            packets.Take(4).Select(packet => (packet.Interface, packet.Flags, packet.Queue!.Value)));
        Assert.All(packets, packet => Assert.Equal(60u, packet.Length));
    }

    [Fact]
    public void A_packet_whose_checksum_is_left_to_the_receiver_says_so()
    {
        using VhostCapture capture = Start(Options(CaptureSource.Of(_server)));
        VhostPacket packet = PacketBuilder.Build(new PacketSpec { Protocol = PacketProtocol.Tcp, Payload = new byte[4000] }).LeaveSegments(1448);
        _client.Send(packet, 1, 1, new SendPace(0), s_soon, default);
        _client.Receive([], 0, 1, s_soon, default);
        capture.Dispose();
        CapturedPacket[] packets = [.. Read("a.pcapng")];
        Assert.Equal(2, packets.Length);
        Assert.All(packets, one =>
        {
            Assert.True(one.Flags.HasFlag(CaptureFlags.ChecksumNotReady | CaptureFlags.SegmentationOffload));
            Assert.Contains("checksum not complete", one.Comment);
            Assert.Contains("pieces of 1448 bytes (TCPv4)", one.Comment);
            Assert.Equal(4054, one.Data.Length);
        });
    }

    [Fact]
    public void One_ring_one_direction_and_a_snap_length_limit_what_is_kept()
    {
        VhostCaptureOptions options = Options(CaptureSource.Of(_client, 0)) with { SnapLength = 32, Direction = CaptureDirection.In };
        using (Start(options)) Echo(3);
        Assert.Equal([(0u, 32, 60u), (0u, 32, 60u), (0u, 32, 60u)], Read("a.pcapng").Select(packet => (packet.Queue!.Value, packet.Data.Length, packet.Length)));
    }

    [Fact]
    public void It_ends_by_itself_after_so_many_packets()
    {
        using VhostCapture capture = Start(Options(CaptureSource.Of(_client)) with { Count = 5 });
        var states = new List<CaptureState>();
        capture.StateChanged += (sender, _) =>
        {
            states.Add(((VhostCapture)sender!).State);
            throw new InvalidOperationException("a handler's mistake");
        };
        Echo(10);
        Await(() => capture.State == CaptureState.Finished);
        Await(() => capture.Snapshot().Fault is not null);
        Assert.Contains("a handler's mistake", capture.Snapshot().Fault);
        Assert.False(_client.Capture.IsOn);
        Assert.Equal(5, Read("a.pcapng").Count());
        Assert.Throws<InvalidOperationException>(capture.Dispose);
        Assert.Equal(CaptureState.Stopped, capture.State);
        Assert.Equal([CaptureState.Finished, CaptureState.Stopped], states);
        capture.Dispose();
    }

    [Fact]
    public void It_ends_by_itself_before_the_file_is_larger_than_allowed()
    {
        using VhostCapture capture = Start(Options(CaptureSource.Of(_client)) with { Size = 4000 });
        Echo(100);
        Await(() => capture.State == CaptureState.Finished);
        int packets = Read("a.pcapng").Count();
        Assert.InRange(packets, 10, 40);
        Assert.Equal(packets, capture.Snapshot().Packets);
        Assert.InRange(new FileInfo(At("a.pcapng")).Length, 3500, 4200); // and the statistics
    }

    [Fact]
    public void It_ends_by_itself_after_a_time()
    {
        using VhostCapture capture = Start(Options(CaptureSource.Of(_client)) with { Duration = TimeSpan.FromMilliseconds(20) });
        Await(() => capture.State == CaptureState.Finished);
        Assert.Empty(Read("a.pcapng"));
    }

    [Theory]
    [InlineData(10, 0)]
    [InlineData(0, 2000)]
    public void A_row_of_files_has_every_packet_once(int count, int size)
    {
        using VhostCapture capture = Start(Options(CaptureSource.Of(_client)) with { RotateCount = count, RotateSize = size });
        Echo(50);
        capture.Dispose();
        string[] files = capture.Snapshot().Files;
        Assert.True(files.Length >= 5);
        Assert.Equal(At("a-00001.pcapng"), files[0]);
        Assert.Equal(100, files.Sum(file => Read(file).Count()));
        Assert.Equal(files.Sum(file => new FileInfo(file).Length), capture.Snapshot().Bytes);
        if (size > 0) Assert.All(files, file => Assert.InRange(new FileInfo(file).Length, 1, size + 200)); // and the statistics
        else Assert.All(files, file => Assert.Equal(count, Read(file).Count()));
    }

    [Fact]
    public void Of_a_row_of_files_the_newest_are_kept()
    {
        using VhostCapture capture = Start(Options(CaptureSource.Of(_client)) with { RotateCount = 10, Keep = 2 });
        Echo(50);
        capture.Dispose();
        Assert.Equal([At("a-00009.pcapng"), At("a-00010.pcapng")], capture.Snapshot().Files);
        Assert.Equal(capture.Snapshot().Files, Directory.GetFiles(_directory, "*.pcapng").Order());
        Assert.Equal(100, capture.Snapshot().Packets);
    }

    [Fact]
    public void A_disk_that_is_full_ends_the_capture_and_not_the_traffic()
    {
        using VhostCapture capture = Start(Options(CaptureSource.Of(_client)) with { Path = "/dev/full", Force = true });
        Echo(10);
        Await(() => capture.State == CaptureState.Faulted);
        Assert.Equal(nameof(VhostError.CaptureFailed), capture.Snapshot().FaultId);
        Assert.Contains("/dev/full can't be written", capture.Snapshot().Fault);
        Assert.False(_client.Capture.IsOn);
        Echo(10);
    }

    [Fact]
    public void What_stands_in_the_way_is_refused_with_its_remedy()
    {
        File.WriteAllText(At("a.pcapng"), "mine");
        var error = Assert.Throws<VhostException>(() => Start(Options(CaptureSource.Of(_client))));
        Assert.Equal((VhostError.CaptureExists, "mine"), (error.Error, File.ReadAllText(At("a.pcapng"))));
        File.WriteAllText(At("b-00007.pcapng"), "mine");
        error = Assert.Throws<VhostException>(() => Start(Options(CaptureSource.Of(_client)) with { Path = At("b.pcapng"), RotateCount = 1 }));
        Assert.Equal(VhostError.CaptureExists, error.Error);
        error = Assert.Throws<VhostException>(() => Start(Options(CaptureSource.Of(_client)) with { Path = At("none/a.pcapng") }));
        Assert.Equal(VhostError.CaptureFailed, error.Error);
        error = Assert.Throws<VhostException>(() => Start(Options(CaptureSource.Of(_client), CaptureSource.Of(_client)) with { Force = true }));
        Assert.Contains("'vm0' was given twice", error.Message);
        error = Assert.Throws<VhostException>(() => Start(Options() with { Force = true }));
        Assert.Contains("no endpoint", error.Message);
        Assert.Equal(VhostError.RingIndexInvalid, Assert.Throws<VhostException>(() => CaptureSource.Of(_client, 7)).Error);
        Assert.False(_client.Capture.IsOn);
    }

    [Fact]
    public void A_session_that_comes_later_is_captured_too()
    {
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "late", Path = At("b.sock"), Mode = ServerMode.Echo });
        using VhostCapture capture = Start(Options(CaptureSource.Of(server)));
        foreach (int round in new[] { 1, 2 })
        {
            using VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm1", Path = At("b.sock"), Regions = [_region] });
            client.Send(new byte[60], 1, round, 0, s_soon, default);
            client.Receive([], 0, 1, s_soon, default);
        }
        capture.Dispose();
        Assert.Equal(3, Read("a.pcapng").Count(packet => packet.Flags.HasFlag(CaptureFlags.Inbound)));
    }

    [Fact]
    public void Ports_of_a_bridge_are_captured_by_name_or_all()
    {
        using VhostBridge bridge = VhostBridge.Create(new VhostBridgeOptions { Name = "br0" });
        using VhostServer other = VhostServer.Start(new VhostServerOptions { Name = "sw1", Path = At("b.sock") });
        bridge.AddServer(_server);
        bridge.AddServer(other);
        Assert.Equal(["sw0", "sw1"], CaptureSource.Of(bridge).Select(source => source.Name));
        Assert.Equal(["sw1"], CaptureSource.Of(bridge, ["SW1"]).Select(source => source.Name));
        var error = Assert.Throws<VhostException>(() => CaptureSource.Of(bridge, ["tap9"]));
        Assert.Equal(VhostError.HandleNotFound, error.Error);
        using VhostClient receiver = VhostClient.Connect(new VhostClientOptions { Name = "vm1", Path = At("b.sock"), Regions = [_region] });
        using VhostCapture capture = Start(Options([.. CaptureSource.Of(bridge)]));
        _client.Send(PacketBuilder.Build(new PacketSpec()).Bytes.Span, 1, 1, 0, s_soon, default);
        Assert.Equal(1, receiver.Receive([], 0, 1, s_soon, default));
        capture.Dispose();
        Assert.Equal([(0, CaptureFlags.Inbound), (1, CaptureFlags.Outbound)], Read("a.pcapng").Select(packet => (packet.Interface, packet.Flags)));
    }

    private string At(string name) => Path.Combine(_directory, name);

    private VhostCaptureOptions Options(params CaptureSource[] sources) => new() { Name = "cap0", Path = At("a.pcapng"), Sources = sources };

    private static VhostCapture Start(VhostCaptureOptions options) => VhostCapture.Start(options);

    private IEnumerable<CapturedPacket> Read(string file)
    {
        using CaptureReader reader = CaptureReader.Open(Path.Combine(_directory, file));
        return PcapBytes.Read(reader);
    }

    private void Echo(int packets)
    {
        for (int i = 0; i < packets; i++)
        {
            _client.Send(new byte[60], 1, 1, 0, s_soon, default);
            Assert.Equal(1, _client.Receive([], 0, 1, s_soon, default));
        }
    }

    private static void Await(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, s_soon));
}
