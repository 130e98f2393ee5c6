using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using Xunit;

namespace VhostUser.Tests.Endpoints;

/// <summary>Regions that are added to and taken from a live client, row by row or in a new table.</summary>
public sealed class ClientRegionTests : IDisposable
{
    private const ProtocolFeatures Slots = ProtocolFeatures.ConfigureMemSlots;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;
    private readonly SharedRegion _first = Make("first", 8 << 20);
    private readonly SharedRegion _more = Make("more", 1 << 20);

    private string SocketPath => Path.Combine(_directory, "s");

    public void Dispose()
    {
        _first.Dispose();
        _more.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(ProtocolFeatures.None)]
    [InlineData(Slots)]
    [InlineData(ProtocolFeatures.ReplyAck)]
    [InlineData(Slots | ProtocolFeatures.ReplyAck)]
    public void The_back_end_reads_buffers_from_an_added_region_until_it_is_taken_back(ProtocolFeatures without)
    {
        using VhostServer server = Serve(ServerMode.Sink);
        using VhostClient client = Connect(without, ClientDevice.Other);
        while (_first.TryAllocate(4096) is not null) { } // from now on there is room in an added region only
        byte[] packet = new byte[12 + 60];
        Assert.Equal(VhostError.RegionTooSmall, Error(() => client.Post(1, [packet], [], Soon)));
        for (int round = 1; round <= 3; round++)
        {
            client.AddRegion(_more);
            Assert.Equal(["first", "more"], client.Snapshot().RegionNames);
            client.Post(1, [packet], [], Soon);
            Assert.Equal(2, server.Snapshot().Regions.Length);
            Assert.Equal(round, server.Snapshot().PacketsReceived);
            client.RemoveRegion(_more);
            Assert.Empty(_more.Snapshot().Clients);
            Assert.Single(server.Snapshot().Regions);
            Assert.Equal(VhostError.RegionTooSmall, Error(() => client.Post(1, [packet], [], Soon)));
        }
        Assert.Equal(0, server.Snapshot().Dropped);
    }

    [Theory]
    [InlineData(ProtocolFeatures.None)]
    [InlineData(Slots)]
    public async Task Traffic_goes_on_while_the_table_changes(ProtocolFeatures without)
    {
        using VhostServer server = Serve(ServerMode.Echo);
        using VhostClient client = Connect(without);
        using var stop = new CancellationTokenSource();
        int echoed = 0;
        Task traffic = Task.Run(() =>
        {
            var received = new List<ReceivedPacket>();
            while (!stop.IsCancellationRequested)
            {
                byte[] packet = PacketBuilder.Build(new PacketSpec { PayloadText = "packet " + echoed }).Bytes.ToArray();
                Assert.Equal(1, client.Send(packet, 1, 1, 0, Soon, default));
                received.Clear();
                Assert.Equal(1, client.Receive(received, 0, 1, Soon, default));
                Assert.Equal(packet, received[0].Bytes.ToArray());
                Interlocked.Increment(ref echoed);
            }
        });
        for (int i = 0; i < 20; i++)
        {
            int before = Volatile.Read(ref echoed);
            client.AddRegion(_more);
            Assert.True(SpinWait.SpinUntil(() => traffic.IsCompleted || Volatile.Read(ref echoed) > before, Soon));
            client.RemoveRegion(_more);
        }
        await stop.CancelAsync();
        await traffic.WaitAsync(Soon);
        Assert.Equal(echoed, server.Snapshot().PacketsReceived);
        Assert.Equal(0, server.Snapshot().Dropped);
    }

    [Fact]
    public void A_region_with_rings_or_buffers_in_it_stays()
    {
        using VhostServer server = Serve(ServerMode.Sink);
        using VhostClient client = Connect(ProtocolFeatures.None, ClientDevice.Other);
        while (_first.TryAllocate(4096) is not null) { }
        Assert.Equal(VhostError.RegionInUse, Error(() => client.RemoveRegion(_first)));
        client.AddRegion(_more);
        // A sink never uses a receive buffer: it stays the device's after the wait.
        Assert.Equal(VhostError.PeerTimeout, Error(() => client.Post(0, [], [100], TimeSpan.FromMilliseconds(50))));
        Assert.Equal(VhostError.RegionInUse, Error(() => client.RemoveRegion(_more)));
        Assert.Equal(VhostError.RegionInUse, Error(_more.Dispose));
        Assert.Equal(EndpointState.Running, client.State);
        Assert.Equal(2, server.Snapshot().Regions.Length);
        client.Dispose();
        Assert.Equal(0, _more.Snapshot().Used);
    }

    [Fact]
    public void What_another_client_has_in_a_region_does_not_hold_it_back()
    {
        using VhostServer server = Serve(ServerMode.Sink);
        using VhostClient client = Connect();
        Assert.NotNull(_more.TryAllocate(4096));
        client.AddRegion(_more);
        client.RemoveRegion(_more);
        Assert.Single(server.Snapshot().Regions);
    }

    [Fact]
    public void A_region_that_does_not_fit_is_refused_before_the_back_end_hears_of_it()
    {
        using SharedRegion over = SharedRegion.Create(new SharedRegionOptions { Name = "over", Size = 4096, GuestAddress = _first.GuestAddress + 4096 });
        using SharedRegion under = SharedRegion.Create(new SharedRegionOptions { Name = "under", Size = 8192, UserAddress = _first.UserAddress - 4096 });
        using VhostServer server = Serve(ServerMode.Sink);
        using VhostClient client = Connect();
        foreach (SharedRegion bad in new[] { _first, over, under }) Assert.Equal(VhostError.InvalidArgument, Error(() => client.AddRegion(bad)));
        Assert.Equal(VhostError.InvalidArgument, Error(() => client.RemoveRegion(_more)));
        client.StartDirtyLog();
        Assert.Equal(VhostError.RequestOutOfOrder, Error(() => client.AddRegion(_more)));
        client.StopDirtyLog();
        client.AddRegion(_more);
        Assert.Null(server.Snapshot().LastRefusal);
        client.Dispose();
        Assert.Equal(VhostError.HandleClosed, Error(() => client.AddRegion(over)));
        Assert.Empty(over.Snapshot().Clients);
    }

    [Theory]
    [InlineData(ProtocolFeatures.None, 509)]
    [InlineData(Slots, 8)]
    public void All_slots_can_be_filled_and_no_more(ProtocolFeatures without, int most)
    {
        SharedRegion[] regions = [.. Enumerable.Range(0, most).Select(i => Make("slot" + i, 4096))];
        try
        {
            using VhostServer server = Serve(ServerMode.Sink);
            using VhostClient client = Connect(without);
            foreach (SharedRegion region in regions[1..]) client.AddRegion(region);
            Assert.Equal(VhostError.MemoryRegionInvalid, Error(() => client.AddRegion(regions[0])));
            Assert.Equal(most, server.Snapshot().Regions.Length);
            client.RemoveRegion(regions[1]);
            client.AddRegion(regions[0]);
            Assert.Equal(1, client.Send(new byte[60], 1, 1, 0, Soon, default));
            Assert.Equal(EndpointState.Running, client.State);
        }
        finally
        {
            foreach (SharedRegion region in regions) region.Dispose();
        }
    }

    private static SharedRegion Make(string name, long size) => SharedRegion.Create(new SharedRegionOptions { Name = name, Size = size });

    private static VhostError Error(Action action) => Assert.Throws<VhostException>(action).Error;

    private VhostServer Serve(ServerMode mode) => VhostServer.Start(new VhostServerOptions { Name = "sw", Path = SocketPath, Mode = mode });

    private VhostClient Connect(ProtocolFeatures without = ProtocolFeatures.None, ClientDevice device = ClientDevice.Net) => VhostClient.Connect(new VhostClientOptions
    {
        Name = "vm", Path = SocketPath, Regions = [_first], Device = device, RingCount = 2, ExcludeProtocolFeatures = without,
    });
}
