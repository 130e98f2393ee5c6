using System.Diagnostics;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>H-3: a peer that SIGSTOP stops in any state. Nobody else waits for it, and it may go on, or be killed, at any time.</summary>
public sealed class StoppedPeerTests : HostileTest
{
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(1);

    // The runtime opens pipes of its own for the first child process; they are no leak.
    static StoppedPeerTests() => Process.Start(new ProcessStartInfo("true") { RedirectStandardOutput = true })!.WaitForExit();

    public static TheoryData<string> Stages => [.. StoppingPeer.FrontEndStages];

    [Theory]
    [MemberData(nameof(Stages))]
    public void H_3_A_server_answers_while_its_front_end_is_stopped_and_goes_on_with_it(string stage)
    {
        using (PeerProcess peer = PeerProcess.Start("front-end", SocketPath, stage))
        {
            Assert.True(peer.WaitUntilStopped(), "The peer did not come to its place.");
            AssertAnswers();
            peer.Continue();
            Assert.Equal("passed", peer.Say());
        }
        Assert.True(Server.WaitFor([EndpointState.Listening], RawSocket.Patience));
        AssertSurvived();
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void H_3_A_front_end_that_is_killed_while_it_is_stopped_leaves_nothing_behind(string stage)
    {
        using (PeerProcess peer = PeerProcess.Start("front-end", SocketPath, stage))
        {
            Assert.True(peer.WaitUntilStopped(), "The peer did not come to its place.");
            AssertAnswers();
        }
        Assert.True(Server.WaitFor([EndpointState.Listening], RawSocket.Patience));
        AssertSurvived();
    }

    [Theory]
    [InlineData(FrontEndRequest.GetFeatures)]
    [InlineData(FrontEndRequest.SetFeatures)]
    [InlineData(FrontEndRequest.AddMemReg)]
    [InlineData(FrontEndRequest.SetVringEnable)]
    public void H_3_A_client_whose_back_end_is_stopped_in_the_handshake_names_the_request(FrontEndRequest request)
    {
        using (SharedRegion region = CreateRegion())
        using (PeerProcess peer = PeerProcess.Start("back-end", SocketPath + "2", request.ToString()))
        {
            Assert.Equal("listening", peer.Say());
            var error = Assert.Throws<VhostException>(() => Connect(region));
            Assert.Equal(VhostError.PeerTimeout, error.Error);
            Assert.Contains($"did not answer {MessageTable.NameOf(request)} within", error.Message, StringComparison.Ordinal);
        }
        AssertSurvived();
    }

    [Fact]
    public void H_3_A_client_whose_running_back_end_is_stopped_sends_what_fits_and_leaves_in_time()
    {
        using (SharedRegion region = CreateRegion())
        using (PeerProcess peer = PeerProcess.Start("back-end", SocketPath + "2", nameof(FrontEndRequest.GetVringBase)))
        {
            Assert.Equal("listening", peer.Say());
            using VhostClient client = Connect(region);
            // The raw back-end moves no packets, as one that is stopped: the ring fills, and then the call ends with its time.
            Assert.Equal(VhostError.RingFull, Assert.Throws<VhostException>(() => client.Send(new byte[60], 1, 1000, 0, s_short, default)).Error);
            Assert.Equal(EndpointState.Running, client.State);
            var clock = Stopwatch.StartNew();
            client.Dispose(); // asks for GET_VRING_BASE, at which the peer stops
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
            Assert.True(peer.WaitUntilStopped());
        }
        AssertSurvived();
    }

    private static VhostClient Connect(SharedRegion region, string path) =>
        VhostClient.Connect(new VhostClientOptions { Name = "stopped", Path = path, Regions = [region], Timeout = s_short });

    private VhostClient Connect(SharedRegion region) => Connect(region, SocketPath + "2");

    private static SharedRegion CreateRegion() => SharedRegion.Create(new SharedRegionOptions { Name = "stopped", Size = 4 << 20 });

    private void AssertAnswers()
    {
        var clock = Stopwatch.StartNew();
        Server.Snapshot();
        Server.GetVringStates();
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }
}
