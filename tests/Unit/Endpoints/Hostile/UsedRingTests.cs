using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>R-16: a back-end that writes the used ring wrongly, against a client in every kind of call.</summary>
public sealed class UsedRingTests : HostileBackEndTest
{
    private sealed record Case(string Name, Action<RawBackEnd, VhostClient> Write, VhostError Error, string Words)
    {
        public VirtioFeatures Exclude { get; init; }
    }

    private const uint Transmit = 1;

    // Two packets are in flight on ring 1, as descriptors 0 and 1.
    private static readonly Dictionary<string, Case> s_cases = new Case[]
    {
        new("R-16 id as large as the ring", (it, _) => it.Use(Transmit, 0, 256, 0, 1), VhostError.UsedElementInvalid, "descriptor 256, which is beyond the ring of 256"),
        new("R-16 id with bits above 16", (it, _) => it.Use(Transmit, 0, 0x1_0000, 0, 1), VhostError.UsedElementInvalid, "descriptor 65536, which is beyond the ring"),
        new("R-16 id that never was in flight", (it, _) => it.Use(Transmit, 0, 2, 0, 1), VhostError.UsedElementInvalid, "descriptor 2, which is not in flight"),
        new("R-16 id returned twice at once", (it, _) => { it.Use(Transmit, 0, 0, 0, 0); it.Use(Transmit, 1, 0, 0, 2); }, VhostError.UsedElementInvalid, "descriptor 0, which is not in flight"),
        new("R-16 id returned again later", (it, client) => { it.Use(Transmit, 0, 0, 0, 1); Send(client); it.Use(Transmit, 1, 0, 0, 2); }, VhostError.UsedElementInvalid, "descriptor 0, which is not in flight"),
        new("R-16 out of order although IN_ORDER was negotiated", (it, _) => it.Use(Transmit, 0, 1, 0, 1), VhostError.UsedElementInvalid, "VIRTIO_F_IN_ORDER was negotiated, but the device returned descriptor 1 out of order"),
        new("R-16 length in a buffer that is not writable", (it, _) => it.Use(Transmit, 0, 0, 1, 1), VhostError.UsedElementInvalid, "wrote 1 bytes into the chain of descriptor 0, which has room for 0"),
        new("R-16 index one too far", (it, _) => it.Use(Transmit, 0, 0, 0, 3), VhostError.UsedIndexInvalid, "the device's used index is 3, 3 ahead of the driver's 0, but only 2 chains are in flight"),
        new("R-16 index jumps by the ring's size", (it, _) => it.Use(Transmit, 0, 0, 0, 256), VhostError.UsedIndexInvalid, "256 ahead"),
        new("R-16 index goes back", (it, client) => { it.Use(Transmit, 0, 0, 0, 1); Send(client); it.Use(Transmit, 0, 0, 0, 0); }, VhostError.UsedIndexInvalid, "the device's used index is 0, 65535 ahead of the driver's 1"),
        new("R-16 head of no chain: the second descriptor of one", (it, client) =>
        {
            client.Send(new byte[3000], 1, 1, 0, TimeSpan.FromSeconds(1), default); // descriptors 2 and 3
            it.Use(Transmit, 0, 3, 0, 1);
        }, VhostError.UsedElementInvalid, "descriptor 3, which is not in flight") { Exclude = VirtioFeatures.InOrder | VirtioFeatures.IndirectDesc },
    }.ToDictionary(row => row.Name);

    public static TheoryData<string> Names => [.. s_cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_client_faults_every_call_says_why_and_all_memory_comes_back(string name)
    {
        Case row = s_cases[name];
        using (var backEnd = new RawBackEnd(SocketPath))
        using (VhostClient client = Connect(row.Exclude))
        {
            client.Send(new byte[60], 1, 2, 0, TimeSpan.FromSeconds(1), default);
            row.Write(backEnd, client);
            AssertRefuses(row, () => Send(client));
            VhostClientInfo info = client.Snapshot();
            Assert.Equal(EndpointState.Faulted, info.State);
            Assert.Equal(row.Error.ToString(), info.FaultId);
            Assert.StartsWith("faulted: Ring 1: ", client.GetVringStates(1)[0].Verdict, StringComparison.Ordinal);
            AssertRefuses(row, () => Send(client));
            AssertRefuses(row, () => client.Receive(new List<ReceivedPacket>(), 0, 1, TimeSpan.FromSeconds(1), default));
            AssertRefuses(row, () => client.Post(1, [new byte[20]], [], TimeSpan.FromSeconds(1)));
        }
        AssertRegionIsFree();
    }

    [Fact]
    public void R16_a_raw_chain_that_waits_is_told_and_its_buffers_come_back()
    {
        using (var backEnd = new RawBackEnd(SocketPath))
        using (VhostClient client = Connect())
        {
            Task<VringChainResult> waiting = Task.Run(() => client.Post(1, [new byte[20]], [100], TimeSpan.FromSeconds(10)));
            Assert.True(RawFrontEnd.WaitUntil(() => backEnd.AvailableIndex(1) == 1));
            backEnd.Use(Transmit, 0, 0, 101, 1);
            var error = Assert.Throws<VhostException>(() => waiting.GetAwaiter().GetResult());
            Assert.Equal(VhostError.UsedElementInvalid, error.Error);
            Assert.Contains("wrote 101 bytes into the chain of descriptor 0, which has room for 100", error.Message, StringComparison.Ordinal);
            Assert.Equal(EndpointState.Faulted, client.State);
        }
        AssertRegionIsFree();
    }

    [Fact]
    public void R16_a_receiver_that_waits_is_told()
    {
        using (var backEnd = new RawBackEnd(SocketPath))
        using (VhostClient client = Connect())
        {
            Task<int> waiting = Task.Run(() => client.Receive(new List<ReceivedPacket>(), 0, 1, TimeSpan.FromSeconds(10), default));
            Assert.True(RawFrontEnd.WaitUntil(() => backEnd.AvailableIndex(0) == 256));
            backEnd.Use(0, 0, 256, 60, 1);
            var error = Assert.Throws<VhostException>(() => waiting.GetAwaiter().GetResult());
            Assert.Equal(VhostError.UsedElementInvalid, error.Error);
            Assert.Equal(EndpointState.Faulted, client.State);
        }
        AssertRegionIsFree();
    }

    [Fact]
    public unsafe void R16_a_packet_that_claims_more_merged_buffers_than_the_ring_has_faults_the_client()
    {
        using (var backEnd = new RawBackEnd(SocketPath))
        using (VhostClient client = Connect())
        {
            ulong buffer = client.GetVringStates(0, descriptors: true)[0].Descriptors[0].Address;
            ((ushort*)(Region.MappingAddress + (buffer - Region.GuestAddress)))[5] = 257; // num_buffers
            backEnd.Use(0, 0, 0, 72, 1);
            var error = Assert.Throws<VhostException>(() => client.Receive(new List<ReceivedPacket>(), 0, 1, TimeSpan.FromSeconds(1), default));
            Assert.Equal(VhostError.UsedElementInvalid, error.Error);
            Assert.Contains("claims 257 merged buffers; the ring has 256", error.Message, StringComparison.Ordinal);
            Assert.Equal(nameof(VhostError.UsedElementInvalid), client.Snapshot().FaultId);
        }
        AssertRegionIsFree();
    }

    private static void Send(VhostClient client) => client.Send(new byte[60], 1, 1, 0, TimeSpan.FromSeconds(1), default);

    private static void AssertRefuses(Case row, Action call)
    {
        var error = Assert.Throws<VhostException>(call);
        Assert.Equal(row.Error, error.Error);
        Assert.Contains(row.Words, error.Message, StringComparison.Ordinal);
        Assert.Contains("Ring 1", error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.RecommendedAction);
    }

    private VhostClient Connect(VirtioFeatures exclude = 0) => VhostClient.Connect(new VhostClientOptions
    {
        Name = "victim", Path = SocketPath, Regions = [Region], ExcludeFeatures = exclude, Timeout = TimeSpan.FromSeconds(5),
    });
}
