using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Channel;

/// <summary>Requests by hand: on a client, on a server, on a bare socket.</summary>
public sealed class RequestTests : ChannelTest
{
    [Fact]
    public void A_client_asks_anything_by_name_or_number_and_the_reply_is_taken_apart()
    {
        using SharedRegion region = Region();
        using VhostServer server = Serve();
        using VhostClient client = Client(region);
        VhostRequestResult features = new VhostRequest { Request = "GET_FEATURES" }.SendTo(client);
        Assert.Contains("Version1", (string[])features.Fields["Features"]);
        Assert.Equal((true, 5u), (features.Answered, features.Flags));
        Assert.Equal(features.Value, new VhostRequest { Request = "1" }.SendTo(client).Value);
        Assert.Equal(509ul, new VhostRequest { Request = "VHOST_USER_GET_MAX_MEM_SLOTS" }.SendTo(client).Fields["Slots"]);
        VhostRequestResult stopped = new VhostRequest { Request = "GetVringBase", Queue = 1 }.SendTo(client);
        Assert.Equal((1u, 0u), ((uint)stopped.Fields["Queue"], (uint)stopped.Fields["Base"]));
        Assert.False(server.GetVringStates(1)[0].Started);
        Assert.Equal(1ul, new VhostRequest { Request = "SetVringNum", Queue = 0, Number = 3, NeedReply = true }.SendTo(client).Value);
        Assert.Contains("SET_VRING_NUM", server.Snapshot().LastRefusal);
        Assert.Equal(1ul, new VhostRequest { Request = "0x2e", NeedReply = true }.SendTo(client).Value); // 46 is none
        Assert.False(new VhostRequest { Request = "SetVringEnable", Queue = 0, Number = 1 }.SendTo(client).Answered);
        VhostRequestResult added = new VhostRequest { Request = "SetVringErr", Value = 0, Regions = [region], NeedReply = true }.SendTo(client);
        Assert.Equal(1ul, added.Value);
        Assert.Contains("memfd", server.Snapshot().LastRefusal); // the descriptor arrived, and is no eventfd
    }

    [Fact]
    public void A_server_asks_its_front_end_and_a_bare_socket_is_asked_once()
    {
        using SharedRegion region = Region();
        using VhostServer server = Serve(options => options with { ConfigSpace = new byte[12] });
        VhostRequestResult bare = new VhostRequest { Request = "GetProtocolFeatures" }.SendTo(SocketPath);
        Assert.Contains("BackendReq", (string[])bare.Fields["ProtocolFeatures"]);
        Assert.True(server.WaitFor([EndpointState.Listening], Limit));
        using VhostClient client = Client(region);
        Assert.Equal(0ul, new VhostRequest { Request = "BACKEND_CONFIG_CHANGE_MSG", NeedReply = true }.SendTo(server).Value);
        Assert.Equal(VhostError.MessageSizeInvalid, Assert.Throws<VhostException>(() => new VhostRequest { Request = "ShmemMap" }.SendTo(server)).Error);
    }

    [Theory]
    [InlineData("NoSuchThing", null, null)]
    [InlineData("SetFeatures", 1ul, 1u)]
    public void What_makes_no_sense_is_refused_here(string request, ulong? value, uint? queue)
    {
        using SharedRegion region = Region();
        using VhostServer server = Serve();
        using VhostClient client = Client(region);
        Assert.Equal(VhostError.InvalidArgument, Assert.Throws<VhostException>(() => new VhostRequest { Request = request, Value = value, Queue = queue }.SendTo(client)).Error);
        Echo(client, 2);
    }

    /// <summary>Section "bits 20 to 22": the same bit means different things; each dialect's SHMEM works, and bit 21 is never GPA addressing there.</summary>
    [Theory]
    [InlineData(ProtocolDialect.Spec, 22)]
    [InlineData(ProtocolDialect.RustVmm, 21)]
    [InlineData(ProtocolDialect.Crosvm, 20)]
    public void A_dialect_moves_SHMEM_and_nothing_means_GPA_addressing_in_a_foreign_one(ProtocolDialect dialect, int bit)
    {
        using SharedRegion region = Region();
        using VhostServer server = Serve(options => options with { Dialect = dialect, SharedMemorySizes = [4096], OfferProtocolFeatures = ProtocolFeatures.GpaAddresses });
        ulong wire = new VhostRequest { Request = "GetProtocolFeatures" }.SendTo(SocketPath).Value!.Value;
        Assert.Equal(dialect == ProtocolDialect.Spec ? 0xFul << 20 : 1ul << bit, wire & ~((1ul << 20) - 1));
        Assert.True(server.WaitFor([EndpointState.Listening], Limit));
        using (RawFrontEnd front = Connect())
        {
            front.SetOwner();
            front.GetFeatures();
            ulong foreign = dialect == ProtocolDialect.RustVmm ? 1ul << 22 : 1ul << 24;
            front.Send(FrontEndRequest.SetProtocolFeatures, RawMessage.Of(foreign));
            Assert.True(front.Socket.WaitForClose());
        }
        Assert.True(server.WaitFor([EndpointState.Listening], Limit));
        using VhostClient client = Client(region, options => options with { Dialect = dialect });
        Assert.Contains("Shmem", client.Snapshot().ProtocolFeatures);
        Assert.DoesNotContain("GpaAddresses", server.Snapshot().ProtocolFeatures);
        Assert.Contains("GpaAddresses (protocol): not acknowledged by the front-end", server.Snapshot().RefusedFeatures);
        Echo(client, 5);
    }
}
