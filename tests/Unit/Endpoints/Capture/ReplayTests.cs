using System.Diagnostics;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Packets.Pcap;
using VhostUser.Tests.Packets.Pcap;
using Xunit;

namespace VhostUser.Tests.Endpoints.Capture;

/// <summary>Captures sent again to an echo server.</summary>
public sealed class ReplayTests : IDisposable
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;
    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 32 << 20 });
    private readonly VhostServer _server;
    private readonly VhostClient _client;

    public ReplayTests()
    {
        _server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = At("a.sock"), Mode = ServerMode.Echo });
        _client = VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = At("a.sock"), Regions = [_region] });
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _region.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void Every_packet_is_sent_in_order_as_often_as_wanted()
    {
        byte[][] frames = [.. Enumerable.Range(0, 100).Select(i => PacketBuilder.Build(new PacketSpec { PayloadText = "packet " + i }).Bytes.ToArray())];
        Write(writer => { foreach (byte[] frame in frames) writer.WritePacket(Packet(frame)); });
        ReplayResult result = Replay(new ReplayOptions { Path = At("a.pcapng"), Count = 2 });
        Assert.Equal(new ReplayResult { Sent = 200, Truncated = 0, Skipped = 0 }, result);
        Assert.Equal([.. frames, .. frames], Receive(200));
    }

    [Fact]
    public void Classic_pcap_is_sent_too()
    {
        File.WriteAllBytes(At("a.pcapng"), new PcapBytes(true).U32(0xA1B2C3D4).U16(2, 4).U32(0, 0, 65535, 1).U32(5, 7, 60, 60).Raw(new byte[60]).ToArray());
        Assert.Equal(1, Replay(new ReplayOptions { Path = At("a.pcapng") }).Sent);
        Assert.Equal([new byte[60]], Receive(1));
    }

    [Fact]
    public void Interfaces_are_chosen_by_number_and_name_and_cut_packets_counted()
    {
        Write(writer =>
        {
            writer.WritePacket(Packet([1, 1, 1]) with { Length = 60 });
            writer.WritePacket(Packet([2, 2, 2], number: 1));
            writer.WritePacket(Packet([]));
        });
        Assert.Equal(new ReplayResult { Sent = 1, Truncated = 1, Skipped = 2 }, Replay(new ReplayOptions { Path = At("a.pcapng"), Interface = (number, name) => (number, name) == (0, "if0") }));
        Assert.Equal([[1, 1, 1]], Receive(1));
    }

    [Fact]
    public void Recorded_gaps_are_kept_and_can_be_shortened()
    {
        Write(writer => { foreach (int i in Enumerable.Range(0, 5)) writer.WritePacket(Packet(new byte[60], time: 1_000_000_000 + i * 50_000_000L)); });
        long start = Stopwatch.GetTimestamp();
        Replay(new ReplayOptions { Path = At("a.pcapng"), Timing = ReplayTiming.Recorded });
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(200), "Four gaps of 50 ms were not kept.");
        start = Stopwatch.GetTimestamp();
        Replay(new ReplayOptions { Path = At("a.pcapng"), Timing = ReplayTiming.Recorded, Speed = 0.5 });
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(400), "Half the speed is twice the time.");
        start = Stopwatch.GetTimestamp();
        _client.Replay(new ReplayOptions { Path = At("a.pcapng") }, new SendPace(20), default);
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(190), "Five packets at 20 per second take 200 ms.");
    }

    [Fact]
    public void A_checksum_that_was_left_to_the_receiver_is_completed()
    {
        VhostPacket whole = PacketBuilder.Build(new PacketSpec { Protocol = PacketProtocol.Tcp, Payload = new byte[100] });
        Write(writer => writer.WritePacket(Packet(whole.LeaveChecksum().Bytes.ToArray()) with { Flags = CaptureFlags.ChecksumNotReady }));
        Replay(new ReplayOptions { Path = At("a.pcapng") });
        Assert.Equal([whole.Bytes.ToArray()], Receive(1));
    }

    [Fact]
    public void What_can_not_be_sent_is_said()
    {
        Write(writer => writer.WritePacket(Packet(new byte[60])), linkType: 113);
        Assert.Contains("link type 113", Assert.Throws<VhostException>(() => Replay(new ReplayOptions { Path = At("a.pcapng") })).Message);
        Write(writer => writer.WritePacket(Packet(new byte[3 << 20])));
        Assert.Equal(VhostError.PacketTooLarge, Assert.Throws<VhostException>(() => Replay(new ReplayOptions { Path = At("a.pcapng") })).Error);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Write(writer => writer.WritePacket(Packet(new byte[60])));
        Assert.Throws<OperationCanceledException>(() => _client.Replay(new ReplayOptions { Path = At("a.pcapng") }, new SendPace(0), cancelled.Token));
        _server.Dispose();
        Assert.Throws<VhostException>(() => Replay(new ReplayOptions { Path = At("a.pcapng"), Count = 10_000, Timeout = TimeSpan.FromSeconds(1) }));
    }

    private string At(string name) => Path.Combine(_directory, name);

    private ReplayResult Replay(ReplayOptions options) => _client.Replay(options, new SendPace(0), default);

    private static CapturedPacket Packet(byte[] frame, int number = 0, long time = 0) => new() { Interface = number, Time = time, Data = frame, Length = (uint)frame.Length };

    private void Write(Action<PcapngWriter> packets, int linkType = 1)
    {
        using FileStream stream = File.Create(At("a.pcapng"));
        var writer = new PcapngWriter(stream);
        writer.WriteSection("test", "Linux", "x64");
        foreach (int i in new[] { 0, 1 }) writer.WriteInterface(new CaptureInterface { Name = "if" + i, LinkType = linkType });
        packets(writer);
        writer.Flush();
    }

    private byte[][] Receive(int count)
    {
        var received = new List<ReceivedPacket>();
        while (received.Count < count && _client.Receive(received, 0, count - received.Count, s_soon, default) > 0) { }
        return [.. received.Select(packet => packet.Bytes.ToArray())];
    }
}
