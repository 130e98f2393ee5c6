using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Channel;

/// <summary>The private messages of crosvm's dialects, on the wire by hand and between our two ends.</summary>
public sealed class DialectTests : ChannelTest
{
    [Theory]
    [InlineData(ProtocolDialect.CrosvmPrivate, 31, 1004, 1000, 1001)]
    [InlineData(ProtocolDialect.CrosvmEarly, 17, 41, 6, 7)]
    public void A_server_tells_its_shared_memory_and_maps_into_it_with_the_dialect_s_numbers_and_layouts(ProtocolDialect dialect, int bit, uint config, uint map, uint unmap)
    {
        using SharedRegion file = Region();
        using VhostServer server = Serve(options => options with { Dialect = dialect, SharedMemorySizes = [0, 8192, 0, 4096] });
        using RawFrontEnd front = Connect();
        front.SetOwner();
        ulong offered = (ulong)front.GetProtocolFeatures();
        Assert.NotEqual(0ul, offered & 1ul << bit);
        front.SetProtocolFeatures((ProtocolFeatures)(offered & (1ul << bit | (ulong)ChannelFeatures)));
        front.SetFeatures(front.GetSplitFeatures());
        using RawMessage regions = front.Get((FrontEndRequest)config);
        Assert.Equal(config, regions.Request);
        Assert.Equal([2ul, 1, 8192, 3, 4096], Words(regions.Payload));

        using RawSocket channel = OpenChannel(front);
        var payload = new ShmemMapPayload { Region = 3, FileOffset = 4096, Offset = 0, Length = 4096, Flags = 1 };
        server.Ask(BackEndRequest.ShmemMap, RawMessage.Of(payload), needReply: false, Soon, file);
        using (RawMessage message = channel.Receive()!)
        {
            Assert.Equal((map, 1), (message.Request, message.Fds.Count));
            Assert.Equal([0x0303ul, 0, 4096, 4096], Words(message.Payload)); // readable and writable, region 3
        }
        server.Ask(BackEndRequest.ShmemUnmap, RawMessage.Of(payload), needReply: false, Soon);
        using (RawMessage message = channel.Receive()!)
        {
            Assert.Equal(unmap, message.Request);
            Assert.Equal([3ul, 0, 4096], Words(message.Payload));
        }
    }

    [Theory]
    [InlineData(ProtocolDialect.CrosvmPrivate)]
    [InlineData(ProtocolDialect.CrosvmEarly)]
    public void Our_two_ends_share_memory_in_a_dialect(ProtocolDialect dialect)
    {
        using SharedRegion region = Region();
        using SharedRegion file = Region();
        using VhostServer server = Serve(options => options with { Dialect = dialect, SharedMemorySizes = [65536] });
        using VhostClient client = Client(region, options => options with { Dialect = dialect });
        Assert.Contains("Shmem", client.Snapshot().ProtocolFeatures);
        unsafe { new Span<byte>((byte*)file.MappingAddress, 4096).Fill(0x5A); }
        var map = new ShmemMapPayload { Region = 0, FileOffset = 0, Offset = 8192, Length = 4096 };
        Assert.Equal(0ul, server.Ask(BackEndRequest.ShmemMap, RawMessage.Of(map), needReply: true, Soon, file).Value);
        Assert.Equal([0x5A, 0x5A], client.ReadSharedMemory(0, 8192, 2));
        Assert.Equal(0ul, server.Ask(BackEndRequest.ShmemUnmap, RawMessage.Of(map), needReply: true, Soon).Value);
        Echo(client, 3);
    }

    [Theory]
    [InlineData(ProtocolDialect.CrosvmPrivate, 1000, "SLEEP")]
    [InlineData(ProtocolDialect.CrosvmPrivate, 1003, "RESTORE")]
    [InlineData(ProtocolDialect.CrosvmEarly, 42, "SLEEP")]
    [InlineData(ProtocolDialect.CrosvmEarly, 43, "WAKE")]
    [InlineData(ProtocolDialect.CrosvmEarly, 44, "SNAPSHOT")]
    [InlineData(ProtocolDialect.CrosvmEarly, 45, "RESTORE")]
    public void A_private_request_that_is_not_served_is_refused_by_its_name_in_the_dialect(ProtocolDialect dialect, uint request, string name)
    {
        using VhostServer server = Serve(options => options with { Dialect = dialect });
        using RawFrontEnd front = ConnectAndStart();
        AssertRefuses(front.Ask((FrontEndRequest)request), server, name, $"private request {request}");
        AssertPasses(front, server);
    }

    [Fact]
    public void Numbers_of_the_specification_that_the_dialect_has_moved_are_unknown_there()
    {
        using VhostServer server = Serve(options => options with { Dialect = ProtocolDialect.CrosvmPrivate, SharedMemorySizes = [4096] });
        using RawFrontEnd front = ConnectAndStart();
        AssertRefuses(front.Ask(FrontEndRequest.GetShmemConfig), server, "not in the vhost-user specification");
    }

    [Fact]
    public void A_reply_of_the_dialect_that_counts_more_regions_than_it_brings_fails_the_connection()
    {
        using SharedRegion region = Region();
        using var back = new Traps.ScriptedBackEnd(SocketPath)
        {
            ProtocolOffer = (ProtocolFeatures)(1ul << 31) | ChannelFeatures,
            Change = (request, reply) => request == (FrontEndRequest)1004 ? RawMessage.Of(9ul) : reply,
            Private = request => request == 1004 ? RawMessage.Of(0ul) : null,
        }.Start();
        VhostException error = Assert.Throws<VhostException>(() => Client(region, options => options with { Dialect = ProtocolDialect.CrosvmPrivate }));
        Assert.Equal(VhostError.ReplyInvalid, error.Error);
        Assert.Contains("GET_SHMEM_CONFIG", error.Message, StringComparison.Ordinal);
    }

    private static ulong[] Words(byte[] bytes) => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(bytes).ToArray();
}
