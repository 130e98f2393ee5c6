using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Rings;
using Xunit;

namespace VhostUser.Tests.Endpoints.Traps;

/// <summary>Traps of the virtio-net header and of rings at work, with our client as the front-end.</summary>
public sealed class FrontEndDataPathTraps : TrapTest
{
    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "trap", Size = 8 << 20 });

    public override void Dispose()
    {
        _region.Dispose();
        base.Dispose();
    }

    [Theory]
    [InlineData(VirtioFeatures.MrgRxbuf, 12)]
    [InlineData(VirtioFeatures.Version1, 12)]
    [InlineData(VirtioFeatures.AnyLayout, 10)]
    [InlineData(VirtioFeatures.None, 10)]
    public void T_51_The_header_s_length_follows_from_what_the_back_end_offers(VirtioFeatures offer, int length)
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { Offer = offer }.Start();
        using VhostClient client = Connect();
        Assert.Equal(length, client.Snapshot().HeaderLength);
        Assert.Equal(length, client.GetVringStates(0)[0].HeaderLength);
    }

    [Theory]
    [InlineData(VirtioFeatures.None, 10)]
    [InlineData(VirtioFeatures.MrgRxbuf, 12)]
    public void T_53_Without_VERSION_1_and_ANY_LAYOUT_the_header_has_a_descriptor_of_its_own(VirtioFeatures offer, int header)
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { Offer = offer }.Start();
        using VhostClient client = Connect();
        client.Send(new byte[60], 1, 1, 0, Soon, default);
        Assert.Equal([(uint)header, 60u], Chain(client).Select(descriptor => descriptor.Length));
    }

    [Theory]
    [InlineData(VirtioFeatures.AnyLayout)]
    [InlineData(VirtioFeatures.Version1)]
    public void T_53_With_either_header_and_packet_share_one_descriptor(VirtioFeatures offer)
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { Offer = offer }.Start();
        using VhostClient client = Connect();
        client.Send(new byte[60], 1, 1, 0, Soon, default);
        Assert.Equal([(uint)client.Snapshot().HeaderLength + 60], Chain(client).Select(descriptor => descriptor.Length));
    }

    [Fact]
    public void T_51_T_52_Packets_of_a_legacy_pairing_cross_unshifted()
    {
        using VhostServer server = Serve(options => options with { ExcludeFeatures = VirtioFeatures.Version1 | VirtioFeatures.MrgRxbuf | VirtioFeatures.AnyLayout });
        using VhostClient client = Connect();
        byte[] frame = PacketBuilder.Build(new PacketSpec { PayloadText = "legacy" }).Bytes.ToArray();
        client.Send(frame, 1, 1, 0, Soon, default);
        var received = new List<ReceivedPacket>();
        Assert.Equal(1, client.Receive(received, 0, 1, Soon, default));
        Assert.Equal(frame, received[0].Bytes.ToArray());
    }

    [Fact]
    public unsafe void T_54_A_back_end_that_asks_for_no_kicks_gets_none()
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath).Start(); // without EVENT_IDX
        using VhostClient client = Connect();
        *Used(client) = 1; // NO_NOTIFY, as Snabb and SPDK leave it for ever
        long kicks = client.GetVringStates(1)[0].Kicks;
        for (int i = 0; i < 5; i++) client.Send(new byte[60], 1, 1, 0, Soon, default);
        VringState ring = client.GetVringStates(1)[0];
        Assert.Equal(kicks, ring.Kicks);
        Assert.Equal(5, ring.KicksSuppressed);
        *Used(client) = 0;
        client.Send(new byte[60], 1, 1, 0, Soon, default);
        Assert.Equal(kicks + 1, client.GetVringStates(1)[0].Kicks);
    }

    [Fact]
    public void T_56_DRIVER_OK_is_set_after_the_last_SET_VRING_ENABLE()
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath) { ProtocolOffer = ProtocolFeatures.ReplyAck | ProtocolFeatures.Status }.Start();
        using VhostClient client = Connect();
        ReceivedRequest last = back.Requests[^1];
        Assert.Equal(FrontEndRequest.SetStatus, last.Request);
        Assert.Equal(0xful, last.Read<ulong>());
        Assert.Equal([0x3ul, 0xbul, 0xful], back.All(FrontEndRequest.SetStatus).Select(request => request.Read<ulong>()));
        Assert.Equal(FrontEndRequest.SetVringEnable, back.Requests[^2].Request);
    }

    [Fact]
    public unsafe void T_57_A_used_index_that_jumps_faults_the_client_and_both_indices_are_named()
    {
        using ScriptedBackEnd back = new ScriptedBackEnd(SocketPath).Start();
        using VhostClient client = Connect();
        client.Send(new byte[60], 1, 2, 0, Soon, default);
        Volatile.Write(ref Used(client)[1], 3);
        var error = Assert.Throws<VhostException>(() => client.Send(new byte[60], 1, 1, 0, Soon, default));
        Assert.Equal(VhostError.UsedIndexInvalid, error.Error);
        Assert.Contains("Ring 1: the device's used index is 3, 3 ahead of the driver's 0, but only 2 chains are in flight", error.Message, StringComparison.Ordinal);
        Assert.Equal(EndpointState.Faulted, client.State);
    }

    [Fact]
    public void T_58_No_packet_is_lost_where_the_16_bit_indices_wrap()
    {
        using VhostServer server = Serve(options => options with { Mode = ServerMode.Sink });
        using VhostClient client = Connect();
        Assert.Equal(70_000, client.Send(new byte[60], 1, 70_000, 0, Soon, default));
        Assert.True(Peers.RawFrontEnd.WaitUntil(() => server.Snapshot().PacketsReceived == 70_000), server.Snapshot().Fault ?? Ring(server, 1).Verdict);
        Assert.Equal(70_000 - 65_536, Ring(server, 1).UsedIndex);
    }

    private VhostClient Connect() => VhostClient.Connect(new VhostClientOptions { Name = "trap", Path = SocketPath, Regions = [_region] });

    // The descriptors of the first chain that was sent.
    private static IEnumerable<VringDescriptor> Chain(VhostClient client)
    {
        VringDescriptor[] table = client.GetVringStates(1, descriptors: true)[0].Descriptors;
        int next = 0;
        while (true)
        {
            yield return table[next];
            if ((table[next].Flags & DescriptorFlags.Next) == 0) yield break;
            next = table[next].Next;
        }
    }

    private unsafe ushort* Used(VhostClient client) => (ushort*)(_region.MappingAddress + (client.GetVringStates(1)[0].UsedAddress - _region.UserAddress));
}
