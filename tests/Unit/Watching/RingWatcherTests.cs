using VhostUser.Endpoints;
using VhostUser.Handles;
using VhostUser.Rings;
using VhostUser.Watching;
using Xunit;

namespace VhostUser.Tests.Watching;

public class RingWatcherTests
{
    private long _packets;
    private VhostException? _error;

    [Fact]
    public void A_rate_is_what_moved_between_two_looks()
    {
        var watcher = new RingWatcher(Make());
        _packets = 1000;
        Assert.Equal(0, watcher.Look(TimeSpan.Zero).Rings[0].PacketsPerSecond); // nobody knows since when
        _packets = 1500;
        WatchedEndpoint look = watcher.Look(TimeSpan.FromSeconds(0.5));
        Assert.Equal(1000, look.Rings[0].PacketsPerSecond);
        Assert.Equal(1000 * 100 * 8, look.BitsPerSecond);
        _packets = 0; // a new session
        Assert.Equal(0, watcher.Look(TimeSpan.FromSeconds(1)).Rings[0].PacketsPerSecond);
    }

    [Fact]
    public void What_can_not_be_looked_at_says_why()
    {
        _error = new VhostException(VhostError.ServerBusy, "its thread did not answer");
        Assert.Equal("its thread did not answer", new RingWatcher(Make()).Look(TimeSpan.Zero).Problem);
    }

    private Endpoint Make() => new("sw0", () => _error is null ? Info() : throw _error, (_, _) => [Ring()], _ => throw new NotSupportedException(), () => []);

    private VhostServerInfo Info() => new()
    {
        Name = "sw0", HandleId = Guid.Empty, OwnerProcessId = 1, State = EndpointState.Running, Path = "/s", Listens = true, QueuePairs = 1, Features = [], OfferedFeatures = [], ProtocolFeatures = [],
        HeaderLength = 12, Regions = [], PacketsSent = 0, BytesSent = 0, PacketsReceived = _packets, BytesReceived = 100 * _packets, Dropped = 0, Drops = new Dictionary<string, long>(), Mode = ServerMode.Sink,
        Poll = false, Sessions = 1, Rejected = 0,
    };

    private VringState Ring() => new()
    {
        Owner = "sw0", Role = "BackEnd", Queue = 1, Direction = "TX", Layout = "Split", Size = 256, Started = true, Enabled = true, Packets = _packets, Verdict = "ok",
    };
}
