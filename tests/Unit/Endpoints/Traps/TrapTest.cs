using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Traps;

/// <summary>
/// What the tests of known traps share: a socket in a folder of its own, a server or client of ours at one end, and a scripted
/// peer at the other. A trap is a place where programs that speak vhost-user are known to differ; its number starts the test's name.
/// </summary>
public abstract class TrapTest : IDisposable
{
    private protected static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    /// <summary>Long enough for a server to do what it should not, short enough to wait for in every run.</summary>
    private protected static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(150);

    private readonly string _directory = Directory.CreateTempSubdirectory("trap").FullName;

    private protected string SocketPath => Path.Combine(_directory, "s");

    public virtual void Dispose()
    {
        Directory.Delete(_directory, recursive: true);
        GC.SuppressFinalize(this);
    }

    private protected VhostServer Serve(Func<VhostServerOptions, VhostServerOptions>? with = null)
    {
        var options = new VhostServerOptions { Name = "trap", Path = SocketPath, Mode = ServerMode.Echo };
        return VhostServer.Start(with is null ? options : with(options));
    }

    private protected RawFrontEnd Connect(GuestMemory? memory = null) => RawFrontEnd.Connect(SocketPath, memory);

    private protected RawFrontEnd ConnectAndStart(ProtocolFeatures protocol = RawFrontEnd.AllProtocolFeatures, VirtioFeatures exclude = 0)
    {
        RawFrontEnd front = Connect();
        front.Start(protocol, exclude);
        return front;
    }

    private protected static VringState Ring(VhostServer server, int ring) => server.GetVringStates(ring)[0];

    private protected static void AssertPasses(RawFrontEnd front, VhostServer server) =>
        Assert.True(front.PassPacket(), $"No packet passed: {server.Snapshot().Fault ?? string.Join("; ", server.GetVringStates().Select(ring => $"ring {ring.Queue}: {ring.Verdict}"))}");

    /// <summary>The session ended with this error, which names the message; and the server serves the next front-end.</summary>
    private protected void AssertEnds(RawFrontEnd front, VhostServer server, VhostError error, string names)
    {
        Assert.True(front.Socket.WaitForClose(Soon), "The server did not end the session.");
        Assert.True(server.WaitFor([EndpointState.Listening], Soon));
        VhostServerInfo info = server.Snapshot();
        Assert.Equal(error.ToString(), info.FaultId);
        Assert.Contains(names, info.Fault, StringComparison.Ordinal);
        using RawFrontEnd next = ConnectAndStart();
        AssertPasses(next, server);
    }

    /// <summary>The request was answered with a failure that names it, and the session goes on.</summary>
    private protected static void AssertRefuses(ulong? result, VhostServer server, params string[] names)
    {
        Assert.Equal(1ul, result);
        VhostServerInfo info = server.Snapshot();
        Assert.Null(info.Fault);
        foreach (string name in names) Assert.Contains(name, info.LastRefusal, StringComparison.Ordinal);
    }
}
