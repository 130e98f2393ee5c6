using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Tests.Endpoints.Traps;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints;

/// <summary>What a client says of its rings when a back-end takes nothing, asks for nothing, or writes what can't be.</summary>
public sealed class FrontEndVerdictTests : TrapTest
{
    private const int Size = 8;

    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "verdict", Size = 4 << 20 });

    public override void Dispose()
    {
        _region.Dispose();
        base.Dispose();
    }

    [Fact]
    public void A_back_end_that_never_took_a_packet_has_not_started_the_ring_or_hangs()
    {
        using var back = new RawBackEnd(SocketPath);
        using VhostClient client = Connect();
        Send(client, 3);
        Assert.Matches(@"^3 packets wait and the back-end has returned none( for [\d.]+ s)?: it has not started this ring \(some wait for all rings, or for DRIVER_OK\), is at work on the first \(a slow script\), or hangs$", Verdict(client, 1));
        Send(client, Size - 3);
        Assert.StartsWith("the ring is full: 8 packets wait and the back-end has returned none", Verdict(client, 1), StringComparison.Ordinal);
    }

    [Fact]
    public void A_back_end_that_stops_taking_packets_was_kicked_or_asked_for_no_kicks()
    {
        using var back = new RawBackEnd(SocketPath) { Features = BackEndOptions.DefaultFeatures & ~VirtioFeatures.EventIdx };
        using VhostClient client = Connect();
        Send(client, 3);
        back.Use(1, 0, 0, 0, 1);
        Assert.Matches(@"^2 packets wait for the back-end, which has returned none( for [\d.]+ s)?; it was kicked$", Verdict(client, 1));
        UsedWord(client, 0) = 1;
        Assert.EndsWith("; it asked for no kicks (NO_NOTIFY): it polls, or forgot to ask again", Verdict(client, 1), StringComparison.Ordinal);
    }

    [Fact]
    public void A_back_end_that_wants_its_kick_later_is_quoted_with_avail_event()
    {
        using var back = new RawBackEnd(SocketPath);
        using VhostClient client = Connect();
        Send(client, 3);
        back.Use(1, 0, 0, 0, 1);
        UsedWord(client, 2 + 4 * Size) = 2; // avail_event
        Assert.Matches(@"^2 packets wait for the back-end, which has returned none( for [\d.]+ s)?; it was kicked$", Verdict(client, 1));
        UsedWord(client, 2 + 4 * Size) = 9;
        Assert.EndsWith("; it wants a kick only after index 9 (avail_event), and 3 is reached: it polls, or forgot to ask again", Verdict(client, 1), StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_ring_of_a_back_end_that_took_some_is_full_in_words()
    {
        using var back = new RawBackEnd(SocketPath);
        using VhostClient client = Connect();
        Send(client, 1);
        back.Use(1, 0, 0, 0, 1);
        Send(client, Size);
        Assert.StartsWith("the ring is full: 8 packets wait for the back-end, which has returned none", Verdict(client, 1), StringComparison.Ordinal);
        back.Use(1, 8, 0, 0, 9);
        Assert.Equal("ok", Verdict(client, 1));
    }

    [Theory]
    [InlineData(0, 8)]
    [InlineData(1, 0)]
    public unsafe void Another_writer_of_the_available_ring_is_suspected_by_both_indices(int ring, int left)
    {
        using var back = new RawBackEnd(SocketPath);
        using VhostClient client = Connect();
        ulong available = client.GetVringStates(ring)[0].AvailableAddress;
        ((ushort*)(_region.MappingAddress + (available - _region.UserAddress)))[1] = 77;
        Assert.Equal($"another program writes this ring: avail.idx is 77, this client left it at {left}", Verdict(client, ring));
    }

    [Fact]
    public void A_used_index_that_does_not_fit_is_named_before_anybody_takes_from_the_ring()
    {
        using var back = new RawBackEnd(SocketPath);
        using VhostClient client = Connect();
        Send(client, 3);
        back.Use(1, 0, 0, 0, 5);
        Assert.Equal("the back-end's used index 5 does not fit: 65534 chains would be in flight in a ring of 8", Verdict(client, 1));
    }

    [Fact]
    public void Packets_that_were_taken_from_the_ring_and_not_handed_out_yet_still_wait_to_be_received()
    {
        using var back = new RawBackEnd(SocketPath);
        using VhostClient client = Connect();
        Assert.Equal("ok; 8 buffers are posted and the back-end has sent nothing yet", Verdict(client, 0));
        for (int i = 0; i < Size; i++) back.Use(0, i, (uint)i, 72, (ushort)(i + 1));
        Assert.Equal("packets wait to be received", Verdict(client, 0));
        var received = new List<ReceivedPacket>();
        Assert.Equal(1, client.Receive(received, 0, 1, Soon, default)); // of eight, which all left the ring
        Assert.Equal("packets wait to be received", Verdict(client, 0));
        Assert.Equal(Size - 1, client.Receive(received, 0, Size, Soon, default));
        Assert.Equal("ok", Verdict(client, 0)); // and all buffers are posted again
        Assert.Equal(2 * Size, back.AvailableIndex(0));
    }

    [Fact]
    public void A_receive_buffer_used_with_fewer_bytes_than_the_header_makes_the_client_ask_for_the_header_length()
    {
        using var back = new RawBackEnd(SocketPath);
        using VhostClient client = Connect();
        back.Use(0, 0, 0, 10, 1);
        Assert.Equal(0, client.Receive(new List<ReceivedPacket>(), 0, 1, TimeSpan.Zero, default));
        Assert.Equal("ok; dropped: 1 ShorterThanHeader (does the peer use a virtio-net header of 12 bytes too?)", Verdict(client, 0));
    }

    private static void Send(VhostClient client, int count) => client.Send(new byte[60], 1, count, 0, Soon, default);

    private static string Verdict(VhostClient client, int ring) => client.GetVringStates(ring)[0].Verdict;

    /// <summary>A 16-bit word of ring 1's used area: 0 is its flags.</summary>
    private unsafe ref ushort UsedWord(VhostClient client, int word) =>
        ref ((ushort*)(_region.MappingAddress + (client.GetVringStates(1)[0].UsedAddress - _region.UserAddress)))[word];

    private VhostClient Connect() => VhostClient.Connect(new VhostClientOptions { Name = "verdict", Path = SocketPath, Regions = [_region], QueueSize = Size });
}
