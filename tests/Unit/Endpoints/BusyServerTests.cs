using System.Diagnostics;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using Xunit;

namespace VhostUser.Tests.Endpoints;

/// <summary>A server whose thread is inside its packet handler, and one whose session meets a defect.</summary>
public sealed class BusyServerTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly string _directory = Directory.CreateTempSubdirectory("busy").FullName;
    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 16 << 20 });
    private readonly ManualResetEventSlim _entered = new();
    private readonly ManualResetEventSlim _leave = new();

    private string SocketPath => Path.Combine(_directory, "s");

    public void Dispose()
    {
        _leave.Set();
        _region.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void A_server_inside_its_handler_is_photographed_at_once_and_says_for_how_long_it_has_been_busy()
    {
        using VhostServer server = ServeScript();
        using VhostClient client = Connect();
        Send(client);
        Assert.True(_entered.Wait(s_patience));
        Assert.True(SpinWait.SpinUntil(() => server.Snapshot().BusyFor > TimeSpan.FromSeconds(0.6), s_patience));
        long start = Stopwatch.GetTimestamp();
        VhostServerInfo info = server.Snapshot();
        string verdict = server.GetVringStates(1, descriptors: true)[0].Verdict;
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(1));
        Assert.Equal(EndpointState.Running, info.State);
        Assert.Equal(1, info.PacketsReceived);
        Assert.Matches(@"^the packet script has been busy with one packet for [\d.]+ s; 1 packet was taken", verdict);
        Assert.Matches(@"^1 packet waits and the back-end has returned none( for [\d.]+ s)?: .*slow script", client.GetVringStates(1)[0].Verdict);
        _leave.Set();
        Assert.True(SpinWait.SpinUntil(() => server.Snapshot().BusyFor is null, s_patience));
        Assert.DoesNotContain("busy", server.GetVringStates(1)[0].Verdict);
    }

    [Fact]
    public void A_thread_that_leaves_while_it_is_asked_does_not_keep_the_asker_waiting()
    {
        using VhostServer server = ServeScript();
        using VhostClient client = Connect();
        bool asking = true;
        var asker = new Thread(() =>
        {
            while (Volatile.Read(ref asking)) server.Snapshot();
        });
        asker.Start();
        Send(client);
        Assert.True(_entered.Wait(s_patience));
        Volatile.Write(ref asking, false);
        Assert.True(asker.Join(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void A_thread_that_is_held_elsewhere_is_an_error_that_names_the_server()
    {
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = SocketPath });
        server.StateChanged += (_, _) =>
        {
            if (server.State != EndpointState.Running) return;
            _entered.Set();
            _leave.Wait(s_patience);
        };
        using VhostClient client = Connect();
        Assert.True(_entered.Wait(s_patience));
        VhostException busy = Assert.Throws<VhostException>(() => server.Snapshot());
        Assert.Equal(VhostError.ServerBusy, busy.Error);
        Assert.Contains("'sw0'", busy.Message);
        Assert.Contains("Stop-VhostServer", busy.RecommendedAction);
        _leave.Set();
    }

    [Fact]
    public void A_defect_in_a_session_ends_the_session_only_and_is_kept_as_one()
    {
        bool broken = true;
        // A script's errors are its own; a list of replies that throws while it is read is what no code of the server expects.
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = SocketPath, Mode = ServerMode.Script, Handler = (_, _, frame) => broken ? new BrokenList() : [frame] });
        using (VhostClient client = Connect())
        {
            Send(client);
            Assert.True(SpinWait.SpinUntil(() => server.Snapshot().Fault is not null, s_patience));
        }
        VhostServerInfo info = server.Snapshot();
        Assert.Equal(EndpointState.Listening, info.State);
        Assert.Equal(nameof(VhostError.NativeCallFailed), info.FaultId);
        Assert.Contains("as a defect does", info.Fault);
        Assert.Contains("defect", info.FaultAction);
        broken = false;
        using VhostClient next = Connect();
        Send(next);
        Assert.Equal(1, next.Receive([], 0, 1, s_patience, default));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1023)]
    [InlineData(5000)]
    public void A_core_that_is_not_there_is_refused_with_those_that_are(int core)
    {
        VhostException refused = Assert.Throws<VhostException>(() => VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = SocketPath, Core = core }));
        Assert.Equal(VhostError.InvalidArgument, refused.Error);
        Assert.Contains(File.ReadAllText("/sys/devices/system/cpu/online").Trim(), refused.Message);
        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public void Packets_that_a_server_left_in_the_ring_are_received_before_the_error()
    {
        using VhostClient client = LeavePackets(3);
        Assert.Equal("the back-end closed the connection; packets that it sent before wait to be received", client.GetVringStates(0)[0].Verdict);
        Assert.Equal(EndpointState.Disconnected, client.State);
        var received = new List<ReceivedPacket>();
        Assert.Equal(2, client.Receive(received, 0, 2, s_patience, default));
        Assert.Equal(1, client.Receive(received, 0, 64, s_patience, default));
        Assert.Equal(VhostError.PeerDisconnected, Assert.Throws<VhostException>(() => client.Receive(received, 0, 1, s_patience, default)).Error);
        Assert.Equal(VhostError.PeerDisconnected, Assert.Throws<VhostException>(() => Send(client)).Error);
        Assert.Equal("the back-end closed the connection", client.GetVringStates(0)[0].Verdict);
    }

    private VhostClient LeavePackets(int count)
    {
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = SocketPath, Mode = ServerMode.Echo });
        VhostClient client = Connect();
        for (int i = 0; i < count; i++) Send(client);
        Assert.True(SpinWait.SpinUntil(() => server.Snapshot().PacketsSent == count, s_patience));
        return client;
    }

    private static void Send(VhostClient client) => client.Send(PacketBuilder.Build(new PacketSpec()).Bytes.Span, 1, 1, 0, s_patience, default);

    private VhostServer ServeScript() => VhostServer.Start(new VhostServerOptions
    {
        Name = "sw0", Path = SocketPath, Mode = ServerMode.Script,
        Handler = (queue, header, frame) =>
        {
            _entered.Set();
            _leave.Wait(s_patience);
            return [];
        },
    });

    private VhostClient Connect() => VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = SocketPath, Regions = [_region], QueueSize = 64 });

    [Fact]
    public void A_handler_of_StateChanged_that_throws_harms_neither_the_session_nor_the_server_nor_the_next_handler()
    {
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = SocketPath, Mode = ServerMode.Echo });
        int seen = 0;
        server.StateChanged += (_, _) => throw new InvalidOperationException("a handler's own mistake");
        server.StateChanged += (_, _) => Interlocked.Increment(ref seen);
        for (int i = 0; i < 2; i++)
        {
            using VhostClient client = Connect();
            Send(client);
            Assert.True(server.WaitFor([EndpointState.Running], s_patience));
            client.Dispose();
            Assert.True(server.WaitFor([EndpointState.Listening], s_patience));
        }
        Assert.Null(server.Snapshot().Fault);
        Assert.InRange(Volatile.Read(ref seen), 4, int.MaxValue);
    }

    private sealed class BrokenList : IReadOnlyList<ReadOnlyMemory<byte>>
    {
        public int Count => 1;

        public ReadOnlyMemory<byte> this[int index] => throw new InvalidOperationException("as a defect does");

        public IEnumerator<ReadOnlyMemory<byte>> GetEnumerator() => throw new InvalidOperationException("as a defect does");

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
