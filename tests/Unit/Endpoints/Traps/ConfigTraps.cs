using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;
using static VhostUser.Protocol.FrontEndRequest;

namespace VhostUser.Tests.Endpoints.Traps;

/// <summary>Configuration space, offers that hold, socket files, and rows of another size.</summary>
public sealed class ConfigTraps : TrapTest
{
    private static readonly byte[] s_config = [2, 0, 0, 0, 0, 1, 1, 0, 1, 0];

    [Theory]
    [InlineData(10)]
    [InlineData(0)] // the head alone: the bytes asked for are not on the wire
    public void T_59_GET_CONFIG_is_answered_with_the_size_that_was_asked_for(int dummies)
    {
        using VhostServer server = Serve(WithConfig);
        using RawFrontEnd front = Connect();
        front.Negotiate(RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.Config);
        using RawMessage reply = front.Get(GetConfig, Range(0, 10, 0, dummies));
        Assert.Equal([.. Range(0, 10, 0, 0), .. s_config], reply.Payload);
    }

    [Theory]
    [InlineData(0u, 11u)]
    [InlineData(10u, 1u)]
    [InlineData(0u, 0u)]
    [InlineData(uint.MaxValue, 10u)] // offset + size wraps 32 bits
    [InlineData(0u, uint.MaxValue)]
    [InlineData(0u, 257u)]
    public void C_1_T_59_A_range_that_can_not_be_read_is_answered_with_an_empty_reply_and_the_session_goes_on(uint offset, uint size)
    {
        using VhostServer server = Serve(WithConfig);
        using RawFrontEnd front = Connect();
        front.Start(RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.Config);
        using (RawMessage reply = front.Get(GetConfig, Range(offset, size, 0, 10))) Assert.Empty(reply.Payload);
        AssertPasses(front, server);
    }

    [Theory]
    [InlineData(0)]  // SPDK
    [InlineData(12)] // rust-vmm: the head, with size 0
    public void T_59_Both_ways_to_refuse_GET_CONFIG_are_understood(int bytes)
    {
        using var back = new RawBackEnd(SocketPath, (GetConfig, (it, message) => it.Reply(message.Request, new byte[bytes])));
        FileDescriptor socket = Libc.UnixSocket();
        Assert.Equal(0, Libc.Connect(socket.Number, SocketPath));
        using var front = new FrontEnd(new Connection(socket, isFrontEnd: true), Soon);
        var error = Assert.Throws<VhostException>(() => front.GetConfig(0, 10, default));
        Assert.Equal(VhostError.RequestRefused, error.Error);
        Assert.Contains("GET_CONFIG of 10 bytes at 0", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)] // the specification's migration values, rust-vmm's "writable"
    [InlineData(2u)] // rust-vmm's migration values
    public void T_60_The_flags_of_GET_CONFIG_do_not_matter_for_reading(uint flags)
    {
        using VhostServer server = Serve(WithConfig);
        using RawFrontEnd front = Connect();
        front.Negotiate(RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.Config);
        using RawMessage reply = front.Get(GetConfig, Range(0, 10, flags, 10));
        Assert.Equal(s_config, reply.Payload[12..]);
    }

    [Fact]
    public void T_62_Every_request_of_an_offered_protocol_feature_is_handled()
    {
        using VhostServer server = Serve(WithConfig);
        ProtocolFeatures offered;
        using (RawFrontEnd front = Connect()) offered = front.GetProtocolFeatures();
        MessageRule[] gated = [.. MessageTable.Rules.ToArray().Where(rule => rule.Gate != 0 && (offered & rule.Gate) == rule.Gate)];
        Assert.NotEmpty(gated);
        Assert.All(gated, rule => Assert.True(BackEnd.Supports(rule.Request), $"{rule.Gate} is offered and {rule.Name} is not handled."));
    }

    [Fact]
    public void T_63_No_ring_is_enabled_before_all_are_set_up()
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath).Start();
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "trap63", Size = 8 << 20 });
        using (VhostClient.Connect(new VhostClientOptions { Name = "trap", Path = SocketPath, Regions = [region] })) { }
        ReceivedRequest[] requests = back.Requests;
        int enabled = Array.FindIndex(requests, request => request.Request == SetVringEnable);
        Assert.True(enabled >= 0);
        Assert.True(Array.FindLastIndex(requests, request => request.Request is SetVringNum or SetVringBase or SetVringAddr or SetVringCall or SetVringKick) < enabled);
    }

    [Fact]
    public void T_65_A_socket_that_a_killed_program_left_is_named_and_replaced_when_that_is_wanted()
    {
        using (FileDescriptor dead = Libc.UnixSocket()) Libc.Bind(dead.Number, SocketPath);
        var error = Assert.Throws<VhostException>(() => Serve());
        Assert.Equal(VhostError.SocketStale, error.Error);
        using VhostServer server = Serve(options => options with { Force = true });
        using RawFrontEnd front = ConnectAndStart();
        AssertPasses(front, server);
    }

    [Fact]
    public void T_66_A_server_that_starts_again_has_a_new_socket_file()
    {
        DateTime first;
        using (Serve()) first = File.GetLastWriteTimeUtc(SocketPath);
        // Snabb keeps a back-end's features by the file's time, which moves with the kernel's clock tick.
        Assert.True(RawFrontEnd.WaitUntil(() => DateTime.UtcNow - first > TimeSpan.FromMilliseconds(50)));
        Assert.False(File.Exists(SocketPath));
        using VhostServer server = Serve();
        Assert.True(File.GetLastWriteTimeUtc(SocketPath) > first);
    }

    [Fact]
    public void T_67_XEN_MMAP_is_not_offered_and_its_rows_of_40_bytes_are_refused_by_size()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        Assert.Equal(ProtocolFeatures.None, front.GetProtocolFeatures() & ProtocolFeatures.XenMmap);
        front.Negotiate();
        AssertRefuses(front.Ask(SetMemTable, [.. RawMessage.MemoryTable([front.Memory.Row]), .. new byte[8]], front.Memory.File.Number), server, "counts 1 regions in 48 bytes");
    }

    [Fact]
    public void T_67_Rows_of_40_bytes_are_read_once_XEN_MMAP_is_acknowledged_and_memory_of_a_domain_is_refused_by_name()
    {
        using VhostServer server = Serve(options => options with { OfferProtocolFeatures = ProtocolFeatures.XenMmap });
        using RawFrontEnd front = Connect();
        front.Negotiate(RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.XenMmap);
        byte[] usual = RawMessage.MemoryTable([front.Memory.Row]);
        AssertRefuses(front.Ask(SetMemTable, usual, front.Memory.File.Number), server, "counts 1 regions in 40 bytes", "8 + 40 bytes each");
        AssertRefuses(front.Ask(SetMemTable, [.. usual, .. Xen(1, 7)], front.Memory.File.Number), server, "foreign memory of Xen domain 7");
        AssertRefuses(front.Ask(SetMemTable, [.. usual, .. Xen(0x102, 3)], front.Memory.File.Number), server, "grant memory of Xen domain 3");
        AssertRefuses(front.Ask(SetMemTable, [.. usual, .. Xen(3, 3)], front.Memory.File.Number), server, "Xen flags");
        byte[] row = [.. new byte[8], .. RawMessage.Of(front.Memory.Row), .. Xen(0, 0)];
        AssertRefuses(front.Ask(AddMemReg, [.. row[..40], .. Xen(2, 1)], front.Memory.File.Number), server, "ADD_MEM_REG", "grant memory");
        Assert.Equal(0ul, front.Ask(AddMemReg, row, front.Memory.File.Number));
        Assert.Equal(0ul, front.Ask(RemMemReg, row));
        Assert.Equal(0ul, front.Ask(SetMemTable, [.. usual, .. Xen(0, 0)], front.Memory.File.Number));
        for (int ring = 0; ring < 2; ring++) front.SetUpRing(ring);
        for (int ring = 0; ring < 2; ring++) front.SetVringEnable(ring);
        AssertPasses(front, server);
    }

    [Fact]
    public void T_67_After_XEN_MMAP_a_row_of_40_bytes_alone_ends_the_session()
    {
        using VhostServer server = Serve(options => options with { OfferProtocolFeatures = ProtocolFeatures.XenMmap });
        using RawFrontEnd front = Connect();
        front.Negotiate(RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.XenMmap);
        front.Send(AddMemReg, new byte[40], [front.Memory.File.Number]);
        AssertEnds(front, server, VhostError.MessageSizeInvalid, "expected 48");
    }

    [Theory]
    [InlineData(ProtocolFeatures.None)]
    [InlineData(ProtocolFeatures.ConfigureMemSlots)]
    public void T_67_A_client_sends_rows_of_the_same_size(ProtocolFeatures exclude)
    {
        using VhostServer server = Serve(options => options with { OfferProtocolFeatures = ProtocolFeatures.XenMmap });
        using VhostUser.Memory.SharedRegion region = VhostUser.Memory.SharedRegion.Create(new VhostUser.Memory.SharedRegionOptions { Name = "xen", Size = 8 << 20 });
        using VhostUser.Memory.SharedRegion more = VhostUser.Memory.SharedRegion.Create(new VhostUser.Memory.SharedRegionOptions { Name = "more", Size = 1 << 20 });
        using VhostClient client = VhostClient.Connect(new VhostClientOptions
        {
            Name = "vm", Path = SocketPath, Regions = [region, more], QueueSize = 64, RequireProtocolFeatures = ProtocolFeatures.XenMmap, ExcludeProtocolFeatures = exclude,
        });
        Assert.Contains("XenMmap", server.Snapshot().ProtocolFeatures);
        Assert.Equal(1, client.Send(new byte[60], 1, 1, 0, Soon, default));
        Assert.Equal(1, client.Receive(new List<VhostUser.Packets.ReceivedPacket>(), 0, 1, Soon, default));
        client.RemoveRegion(more);
        Assert.True(RawFrontEnd.WaitUntil(() => server.Snapshot().Regions.Length == 1));
    }

    private static byte[] Xen(uint flags, uint domain) => [.. RawMessage.Of(flags), .. RawMessage.Of(domain)];

    private static VhostServerOptions WithConfig(VhostServerOptions options) => options with { ConfigSpace = s_config };

    private static byte[] Range(uint offset, uint size, uint flags, int dummies) => [.. RawMessage.Of(offset), .. RawMessage.Of(size), .. RawMessage.Of(flags), .. new byte[dummies]];
}
