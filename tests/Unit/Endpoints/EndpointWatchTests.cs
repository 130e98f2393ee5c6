using VhostUser.Endpoints;
using Xunit;

namespace VhostUser.Tests.Endpoints;

/// <summary>The events that an endpoint raises because somebody listens.</summary>
public class EndpointWatchTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private long _packets = 5;
    private string? _fault;
    private int _looks;

    [Fact]
    public void New_packets_are_told_and_old_ones_are_not()
    {
        using var watch = Watch();
        var counts = new List<long>();
        using var told = new ManualResetEventSlim();
        watch.PacketReceived += (sender, args) =>
        {
            Assert.Same(this, sender);
            lock (counts) counts.Add(args.Count);
            told.Set();
        };
        AwaitLooks(3);
        Assert.Empty(counts);
        Volatile.Write(ref _packets, 12);
        Assert.True(told.Wait(s_patience));
        Assert.Equal([7L], counts);
    }

    [Fact]
    public void A_fault_is_told_once_with_its_id_and_what_to_do()
    {
        using var watch = Watch();
        var faults = new List<FaultedEventArgs>();
        using var told = new ManualResetEventSlim();
        watch.Faulted += (_, args) =>
        {
            lock (faults) faults.Add(args);
            told.Set();
        };
        Volatile.Write(ref _fault, "it broke");
        Assert.True(told.Wait(s_patience));
        AwaitLooks(3);
        FaultedEventArgs fault = Assert.Single(faults);
        Assert.Equal(("MessageSizeInvalid", "it broke", "mend it"), (fault.FaultId, fault.Fault, fault.FaultAction));
    }

    [Fact]
    public void A_listener_that_throws_does_not_end_the_others_looks()
    {
        using var watch = Watch();
        int calls = 0;
        watch.PacketReceived += (_, _) =>
        {
            Interlocked.Increment(ref calls);
            throw new InvalidOperationException("a listener's mistake");
        };
        Volatile.Write(ref _packets, 6);
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref calls) == 1, s_patience));
        Volatile.Write(ref _packets, 7);
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref calls) == 2, s_patience));
    }

    [Fact]
    public void Nobody_looks_when_nobody_listens()
    {
        using var watch = Watch();
        void Listener(object? sender, PacketReceivedEventArgs args) { }
        watch.PacketReceived += Listener;
        AwaitLooks(2);
        watch.PacketReceived -= Listener;
        Thread.Sleep(200); // a look that was under way
        int looks = Volatile.Read(ref _looks);
        Thread.Sleep(300); // six times the interval
        Assert.Equal(looks, Volatile.Read(ref _looks));
    }

    private EndpointWatch Watch() => new(this, () =>
    {
        Interlocked.Increment(ref _looks);
        string? fault = Volatile.Read(ref _fault);
        var info = new VhostServerInfo
        {
            Name = "sw0", HandleId = Guid.Empty, OwnerProcessId = 1, State = EndpointState.Running, Path = "/x", Listens = true, QueuePairs = 1,
            Features = [], OfferedFeatures = [], ProtocolFeatures = [], OfferedProtocolFeatures = [], RefusedFeatures = [], HeaderLength = 12, Regions = [],
            PacketsSent = 0, BytesSent = 0, PacketsReceived = 0, BytesReceived = 0, Dropped = 0, Drops = new Dictionary<string, long>(), Mode = ServerMode.Sink, Poll = false, Sessions = 1, Rejected = 0,
            Fault = fault, FaultId = fault is null ? null : nameof(VhostError.MessageSizeInvalid), FaultAction = "mend it",
        };
        return (info, Volatile.Read(ref _packets));
    });

    private void AwaitLooks(int count)
    {
        int from = Volatile.Read(ref _looks);
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _looks) >= from + count, s_patience));
    }
}
