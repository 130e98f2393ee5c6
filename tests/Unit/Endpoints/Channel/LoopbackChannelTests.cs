using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Channel;

/// <summary>Our client and our server at the two ends of the channel.</summary>
public sealed class LoopbackChannelTests : ChannelTest
{
    [Fact]
    public void A_client_hears_of_a_configuration_change_and_acknowledges_it()
    {
        using SharedRegion region = Region();
        using VhostServer server = Serve(options => options with { ConfigSpace = new byte[12] });
        using VhostClient client = Client(region);
        int changes = 0;
        client.ConfigChanged += (_, _) => Interlocked.Increment(ref changes);
        Assert.Equal(0ul, server.Ask(BackEndRequest.ConfigChangeMsg, default, needReply: true, Limit).Value);
        Assert.Equal(1, changes);
        Assert.Equal(1, client.Snapshot().BackEndRequests["BACKEND_CONFIG_CHANGE_MSG"]);
        Echo(client, 10);
    }

    [Fact]
    public void Kicks_and_calls_travel_as_messages_when_in_band_is_asked_for()
    {
        using SharedRegion region = Region();
        using VhostServer server = Serve();
        using VhostClient client = Client(region, options => options with { RequireProtocolFeatures = ProtocolFeatures.InbandNotifications });
        Echo(client, 500);
        VhostClientInfo info = client.Snapshot();
        Assert.Contains("InbandNotifications", info.ProtocolFeatures);
        Assert.True(info.BackEndRequests["BACKEND_VRING_CALL"] > 0);
        Assert.All(server.GetVringStates(), ring => Assert.False(ring.HasKick || ring.HasCall));
        Assert.True(server.GetVringStates(1)[0].Kicks > 0);
        Assert.All(client.GetVringStates(), ring => Assert.StartsWith("ok", ring.Verdict));
        Assert.Null(server.Snapshot().Fault);
    }

    [Fact]
    public void In_band_notifications_pass_a_burst_as_fast_as_it_goes()
    {
        using SharedRegion region = Region();
        using VhostServer server = Serve(options => options with { Mode = ServerMode.Sink });
        using VhostClient client = Client(region, options => options with { RequireProtocolFeatures = ProtocolFeatures.InbandNotifications });
        Assert.Equal(100_000, client.Send(new byte[64], 1, 100_000, 0, Limit, default));
        Assert.True(RawFrontEnd.WaitUntil(() => server.Snapshot().PacketsReceived == 100_000));
    }

    [Fact]
    public void Two_back_ends_of_one_machine_find_each_others_objects()
    {
        using SharedRegion first = Region(), second = Region(), shared = Region();
        using VhostServer owner = Serve();
        using VhostServer asker = VhostServer.Start(new VhostServerOptions { Name = "asker", Path = SocketPath + "2" });
        using VhostClient one = Client(first);
        using VhostClient two = VhostClient.Connect(new VhostClientOptions { Name = "vm2", Path = SocketPath + "2", Regions = [second], QueueSize = 64 });
        Guid id = Guid.NewGuid();
        owner.AddSharedObject(id, shared);
        Assert.True(RawFrontEnd.WaitUntil(() => one.Snapshot().BackEndRequests.ContainsKey("BACKEND_SHARED_OBJECT_ADD")));
        byte[] payload = id.ToByteArray(bigEndian: true);
        VhostRequestResult found = asker.Ask(BackEndRequest.SharedObjectLookup, payload, false, Limit);
        Assert.Equal(0ul, found.Value);
        VhostDescriptorInfo file = Assert.Single(found.Descriptors);
        Assert.Equal(VhostUser.Interop.Libc.Stat(shared.File.Number).stx_ino, file.Inode);
        Assert.NotEqual(0ul, owner.Ask(BackEndRequest.SharedObjectLookup, payload, false, Limit).Value); // it has it itself
        Assert.NotEqual(0ul, asker.Ask(BackEndRequest.SharedObjectRemove, payload, true, Limit).Value);  // not its own
        Assert.NotEqual(0ul, asker.Ask(BackEndRequest.SharedObjectAdd, payload, true, Limit).Value);     // taken
        Assert.True(owner.RemoveSharedObject(id));
        Assert.True(RawFrontEnd.WaitUntil(() => asker.Ask(BackEndRequest.SharedObjectLookup, payload, false, Limit).Value != 0));
        Echo(one, 5);
    }

    [Fact]
    public void A_file_that_the_back_end_maps_is_read_through_the_clients_window()
    {
        using SharedRegion region = Region(), file = Region();
        unsafe { new Span<byte>((void*)file.MappingAddress, 8192).Fill(0x5a); }
        using VhostServer server = Serve(options => options with { SharedMemorySizes = [1 << 20] });
        using VhostClient client = Client(region);
        Assert.Equal(0ul, Map(server, file, 0, 4096, 8192, 8192).Value);
        Assert.All(client.ReadSharedMemory(0, 8192, 4096), value => Assert.Equal(0x5a, value));
        Assert.Equal(1ul, Map(server, file, 0, 0, 4096, 8192).Value);               // overlaps
        Assert.Equal(1ul, Map(server, file, 0, 0, 1 << 20, 4096).Value);            // beyond the window
        Assert.Equal(1ul, Map(server, file, 0, 0, ulong.MaxValue - 4095, 8192).Value);
        Assert.Equal(1ul, Map(server, file, 0, 0, 100, 4096).Value);                // not a page
        Assert.Equal(1ul, Map(server, file, 0, 0, 0, 0).Value);
        Assert.Equal(1ul, Map(server, file, 1, 0, 0, 4096).Value);                  // no such region
        Assert.Equal(1ul, Map(server, file, 0, 8 << 20, 0, 4096).Value);            // beyond the file
        Assert.Equal(1ul, Map(server, file, 0, ulong.MaxValue - 4095, 0, 4096).Value);
        Assert.Equal(1ul, Unmap(server, 8192, 4096).Value);                         // half of it
        Assert.Equal(0ul, Unmap(server, 8192, 8192).Value);
        Assert.Equal(1ul, Unmap(server, 8192, 8192).Value);
        Assert.Throws<VhostException>(() => client.ReadSharedMemory(0, 8192, 1));
        Echo(client, 5);
    }

    [Fact]
    public void A_host_notifier_is_mapped_or_declined()
    {
        using SharedRegion region = Region(), file = Region();
        using VhostServer server = Serve(options => options with { OfferProtocolFeatures = ProtocolFeatures.HostNotifier });
        using VhostClient client = Client(region);
        Assert.Equal(0ul, Notify(1, 4096, 0, file).Value);
        Assert.Equal(0ul, Notify(1, 4096, 4096, file).Value); // replaces
        Assert.Equal(1ul, Notify(2, 4096, 0, file).Value);    // no such ring
        Assert.Equal(1ul, Notify(0, 100, 0, file).Value);
        Assert.Equal(1ul, Notify(0, 4096, 8 << 20, file).Value);
        Assert.Equal(0ul, Notify(1 | 0x100, 4096, 0, null).Value);
        Echo(client, 5);

        VhostRequestResult Notify(ulong index, ulong size, ulong offset, SharedRegion? with) =>
            server.Ask(BackEndRequest.VringHostNotifierMsg, RawMessage.Of(new VringAreaPayload { Index = index, Size = size, Offset = offset }), true, Limit, with);
    }

    /// <summary>B-1: both ends ask the other at the same time, again and again.</summary>
    [Fact]
    public async Task B1_requests_in_both_directions_at_once_never_hang()
    {
        using SharedRegion region = Region();
        using VhostServer server = Serve(options => options with { ConfigSpace = new byte[12] });
        using VhostClient client = Client(region);
        Task back = Task.Run(() => { for (int i = 0; i < 500; i++) Assert.Equal(0ul, server.Ask(BackEndRequest.ConfigChangeMsg, default, true, Limit).Value); });
        for (int i = 0; i < 500; i++)
            Assert.Equal(0ul, client.Ask(FrontEndRequest.SetVringEnable, RawMessage.State(0, 1), Array.Empty<SharedRegion>(), true, Limit).Value);
        await back.WaitAsync(Limit);
    }

    private static VhostRequestResult Map(VhostServer server, SharedRegion file, ulong id, ulong fileOffset, ulong offset, ulong length) =>
        server.Ask(BackEndRequest.ShmemMap, RawMessage.Of(new ShmemMapPayload { Region = id, FileOffset = fileOffset, Offset = offset, Length = length }), true, Limit, file);

    private static VhostRequestResult Unmap(VhostServer server, ulong offset, ulong length) =>
        server.Ask(BackEndRequest.ShmemUnmap, RawMessage.Of(new ShmemMapPayload { Offset = offset, Length = length }), true, Limit);
}
