using System.Security.Cryptography;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Log;

/// <summary>The dirty log as our client keeps it, with our server as the one that writes.</summary>
public sealed class ClientLogTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;
    private readonly SharedRegion _low = SharedRegion.Create(new SharedRegionOptions { Name = "low", Size = 1 << 20, GuestAddress = 0x1_0000_0000 });
    private readonly SharedRegion _high = SharedRegion.Create(new SharedRegionOptions { Name = "high", Size = 8 << 20, GuestAddress = 0x2_0000_0000 });

    private string SocketPath => Path.Combine(_directory, "s");

    public void Dispose()
    {
        _low.Dispose();
        _high.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void Every_page_that_changed_by_the_back_end_s_hand_is_marked()
    {
        using VhostServer server = Serve(ServerMode.Source);
        using VhostClient client = Connect();
        client.StartDirtyLog();
        Assert.True(client.LogsDirtyPages);
        Assert.Contains("LogAll", client.Snapshot().Features);
        client.ReadDirtyLog();
        byte[][][] before = [HashPages(_low), HashPages(_high)];
        ulong[] own = [.. client.GetVringStates().SelectMany(ring => new[] { ring.DescriptorAddress, ring.AvailableAddress })];
        Assert.Equal(200, Receive(client, 200));
        // Until every buffer is full again; the look at the server waits for the end of its round, and so for the last mark.
        Assert.True(RawFrontEnd.WaitUntil(() => client.GetVringStates(0)[0].InFlight == 0));
        server.Snapshot();
        IReadOnlyList<DirtyRange> marked = client.ReadDirtyLog();
        byte[][][] after = [HashPages(_low), HashPages(_high)];

        var pages = Pages(marked).ToHashSet();
        int changed = 0;
        foreach ((SharedRegion region, int index) in new[] { (_low, 0), (_high, 1) })
        {
            for (int page = 0; page < before[index].Length; page++)
            {
                if (before[index][page].SequenceEqual(after[index][page])) continue;
                ulong user = region.UserAddress + 4096 * (ulong)page;
                if (own.Any(address => address / 4096 == user / 4096)) continue; // the client's own areas: it makes buffers available again
                changed++;
                Assert.Contains((region.Name, region.GuestAddress + 4096 * (ulong)page), pages);
            }
        }
        Assert.True(changed > 50, $"Only {changed} pages changed.");
        Assert.All(marked, range => Assert.Equal(range.GuestAddress, (range.Region == "low" ? _low : _high).GuestAddress + (ulong)range.Offset));
    }

    [Fact]
    public void What_was_read_is_cleared_and_what_is_not_written_is_not_marked()
    {
        using VhostServer server = Serve(ServerMode.Echo);
        using VhostClient client = Connect();
        client.StartDirtyLog();
        Echo(client, 10);
        Assert.NotEmpty(client.ReadDirtyLog());
        // The echo came back before the server returned the buffer it had come in, which it marks too.
        Assert.True(RawFrontEnd.WaitUntil(() => client.ReadDirtyLog().Count == 0), "pages that were read are marked again and again");
        Echo(client, 1);
        // One buffer, and the used rings of both directions.
        Assert.InRange(client.ReadDirtyLog().Sum(range => range.Pages), 1, 5);
        client.StopDirtyLog();
        Assert.DoesNotContain("LogAll", client.Snapshot().Features);
        Assert.DoesNotContain("LogAll", server.Snapshot().Features);
        Echo(client, 10);
        Assert.Equal(VhostError.RequestOutOfOrder, Assert.Throws<VhostException>(() => client.ReadDirtyLog()).Error);
    }

    [Fact]
    public void A_log_can_be_stopped_and_started_again_and_only_once_at_a_time()
    {
        using VhostServer server = Serve(ServerMode.Echo);
        using VhostClient client = Connect();
        Assert.Equal(VhostError.RequestOutOfOrder, Assert.Throws<VhostException>(() => client.StopDirtyLog()).Error);
        for (int round = 0; round < 3; round++)
        {
            client.StartDirtyLog();
            Assert.Equal(VhostError.RequestOutOfOrder, Assert.Throws<VhostException>(() => client.StartDirtyLog()).Error);
            Echo(client, 5);
            Assert.NotEmpty(client.ReadDirtyLog());
            client.StopDirtyLog();
        }
        Assert.Equal(EndpointState.Running, client.State);
    }

    [Fact]
    public void The_back_end_tells_when_it_has_logged_something()
    {
        using VhostServer server = Serve(ServerMode.Echo);
        using VhostClient client = Connect();
        client.StartDirtyLog(notify: true);
        while (client.WaitForDirtyPages(TimeSpan.Zero)) client.ReadDirtyLog(); // the wishes for kicks of going to sleep
        Echo(client, 1);
        Assert.True(client.WaitForDirtyPages(Soon));
        Assert.NotEmpty(client.ReadDirtyLog());
        client.StopDirtyLog();
        client.StartDirtyLog();
        Assert.Equal(VhostError.RequestOutOfOrder, Assert.Throws<VhostException>(() => client.WaitForDirtyPages(TimeSpan.Zero)).Error);
    }

    [Fact]
    public void A_back_end_without_LOG_ALL_is_named()
    {
        using VhostServer server = Serve(ServerMode.Echo, VirtioFeatures.LogAll);
        using VhostClient client = Connect();
        VhostException error = Assert.Throws<VhostException>(() => client.StartDirtyLog());
        Assert.Equal(VhostError.FeatureMissing, error.Error);
        Assert.Contains("no LogAll", error.Message, StringComparison.Ordinal);
        Echo(client, 1);
    }

    [Fact]
    public void A_client_that_ends_takes_its_log_along()
    {
        using VhostServer server = Serve(ServerMode.Echo);
        VhostClient client = Connect();
        client.StartDirtyLog(notify: true);
        Echo(client, 1);
        client.Dispose();
        Assert.False(client.LogsDirtyPages);
        using VhostClient next = Connect();
        Echo(next, 1);
        Assert.DoesNotContain("LogAll", server.Snapshot().Features);
    }

    private VhostServer Serve(ServerMode mode, VirtioFeatures exclude = 0) =>
        VhostServer.Start(new VhostServerOptions { Name = "logger", Path = SocketPath, Mode = mode, PacketSize = 1400, ExcludeFeatures = exclude });

    private VhostClient Connect() => VhostClient.Connect(new VhostClientOptions { Name = "vm", Path = SocketPath, Regions = [_low, _high], QueueSize = 128 });

    private static int Receive(VhostClient client, int count)
    {
        var packets = new List<ReceivedPacket>();
        while (packets.Count < count && client.Receive(packets, 0, count - packets.Count, Soon, default) > 0) { }
        return packets.Count;
    }

    private static void Echo(VhostClient client, int count)
    {
        for (int i = 0; i < count; i++)
        {
            client.Send(PacketBuilder.Build(new PacketSpec { PayloadText = "packet " + i }).Bytes.Span, 1, 1, 0, Soon, default);
            Assert.Equal(1, Receive(client, 1));
        }
    }

    private static IEnumerable<(string, ulong)> Pages(IEnumerable<DirtyRange> ranges) =>
        ranges.SelectMany(range => Enumerable.Range(0, (int)range.Pages).Select(i => (range.Region, range.GuestAddress + 4096 * (ulong)i)));

    private static unsafe byte[][] HashPages(SharedRegion region) =>
        [.. Enumerable.Range(0, (int)(region.Size / 4096)).Select(page => SHA256.HashData(new ReadOnlySpan<byte>((byte*)region.MappingAddress + 4096 * page, 4096)))];
}
