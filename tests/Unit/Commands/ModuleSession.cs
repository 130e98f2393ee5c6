using VhostUser.Handles;

namespace VhostUser.Tests.Commands;

/// <summary>Handles of one test: names and a folder of its own, since the tables belong to the process; closed at the end.</summary>
internal sealed class ModuleSession : IDisposable
{
    private readonly string _prefix = "t" + Guid.NewGuid().ToString("N")[..8];

    public ModuleSession() => Directory.CreateDirectory(Folder);

    public string Folder => Path.Combine(Path.GetTempPath(), _prefix);

    /// <summary>The prefix of all names of this test as a wildcard.</summary>
    public string All => _prefix + "*";

    public string Name(string name) => _prefix + name;

    public string Socket(string name = "a.sock") => Path.Combine(Folder, name);

    public void Dispose()
    {
        foreach (var capture in LiveHandles.Captures.Find(All)) LiveHandles.Captures.Close(capture.Name, capture);
        foreach (var client in LiveHandles.Clients.Find(All)) LiveHandles.Clients.Close(client.Name, client);
        foreach (var bridge in LiveHandles.Bridges.Find(All)) LiveHandles.Bridges.Close(bridge.Name, bridge);
        foreach (var server in LiveHandles.Servers.Find(All)) LiveHandles.Servers.Close(server.Name, server);
        foreach (var region in LiveHandles.Regions.Find(All)) LiveHandles.Regions.Close(region.Name, region);
        Directory.Delete(Folder, recursive: true);
    }
}
