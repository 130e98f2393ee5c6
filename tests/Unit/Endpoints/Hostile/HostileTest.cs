using VhostUser.Endpoints;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>These tests count what the process holds, so nothing else may run meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class HostileCollection
{
    public const string Name = "Hostile peers";
}

/// <summary>A live echo server to attack, and what must hold after every attack.</summary>
[Collection(HostileCollection.Name)]
public abstract class HostileTest : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;
    private readonly VhostServer _server;
    private readonly ResourceCount _before;

    protected HostileTest()
    {
        SocketPath = System.IO.Path.Combine(_directory, "s.sock");
        _server = VhostServer.Start(new VhostServerOptions { Name = "hostile", Path = SocketPath, Mode = ServerMode.Echo });
        // The thread gives itself its name; only then does a count of endpoint threads hold.
        _server.Snapshot();
        _before = ResourceCount.Take();
    }

    protected string SocketPath { get; }

    protected VhostServer Server => _server;

    public void Dispose()
    {
        _server.Dispose();
        Directory.Delete(_directory, recursive: true);
        GC.SuppressFinalize(this);
    }

    private protected RawFrontEnd Connect(GuestMemory? memory = null) => RawFrontEnd.Connect(SocketPath, memory);

    /// <summary>The session was ended, with this id and a message that holds all of these words.</summary>
    private protected void AssertEnded(RawFrontEnd attacker, VhostError error, params string[] words)
    {
        Assert.True(attacker.Socket.WaitForClose(), $"The session goes on; expected {error}.");
        VhostServerInfo info = Server.Snapshot();
        Assert.Equal(error.ToString(), info.FaultId);
        foreach (string word in words) Assert.Contains(word, info.Fault, StringComparison.Ordinal);
        Assert.Equal(EndpointState.Listening, info.State);
    }

    /// <summary>The server serves: a good client comes and its packet returns; and nothing of the attack is left.</summary>
    private protected void AssertSurvived()
    {
        using (RawFrontEnd client = Connect())
        {
            client.Start();
            Assert.True(client.PassPacket(), "A good client's packet did not come back.");
            Assert.Null(Server.Snapshot().FaultId);
        }
        _before.AssertRestored();
    }
}
