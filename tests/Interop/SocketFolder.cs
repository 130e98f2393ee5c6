namespace VhostUser.Tests.Interop;

/// <summary>A folder for one test's sockets and files, with a path short enough for a unix socket, deleted afterwards.</summary>
public sealed class SocketFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vu-");

    /// <summary>Gets the path of the socket of the test.</summary>
    public string Socket => File("s.sock");

    /// <summary>Gets the path of a file of this name in the folder.</summary>
    public string File(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>Deletes the folder.</summary>
    public void Dispose() => _folder.Delete(recursive: true);
}
