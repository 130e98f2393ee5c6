using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Group H: where a server is asked to put its socket.</summary>
[Collection(HostileCollection.Name)]
public sealed class SocketPathTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;
    private readonly ResourceCount _before = ResourceCount.Take();

    private string Path => System.IO.Path.Combine(_directory, "h.sock");

    public void Dispose()
    {
        _before.AssertRestored();
        if (Directory.Exists(_directory)) Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData("H-1 107 bytes", 107, true)]
    [InlineData("H-1 108 bytes", 108, false)]
    [InlineData("H-1 4096 bytes", 4096, false)]
    public void A_path_is_used_or_refused_by_its_length(string name, int length, bool fits)
    {
        Assert.StartsWith("H-1", name, StringComparison.Ordinal);
        string path = (_directory + "/").PadRight(length, 'x');
        if (fits) using (VhostServer server = Start(path)) AssertServes(path);
        else AssertRefused(path, VhostError.SocketPathTooLong, $"{length} bytes", "at most 107");
    }

    [Fact]
    public void H1_a_path_is_measured_in_bytes_not_characters() =>
        AssertRefused((_directory + "/").PadRight(90, 'ü'), VhostError.SocketPathTooLong, "at most 107");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void H1_a_regular_file_is_never_replaced(bool force)
    {
        File.WriteAllText(Path, "precious");
        AssertRefused(Path, VhostError.SocketForeignFile, force, "is not a socket", "left alone");
        Assert.Equal("precious", File.ReadAllText(Path));
    }

    [Fact]
    public void H1_a_directory_is_never_replaced()
    {
        Directory.CreateDirectory(Path);
        AssertRefused(Path, VhostError.SocketForeignFile, force: true, "is not a socket");
        Assert.True(Directory.Exists(Path));
    }

    [Theory]
    [InlineData("H-1 symbolic link to a socket", true)]
    [InlineData("H-1 symbolic link to nothing", false)]
    public void A_symbolic_link_is_never_followed_or_replaced(string name, bool live)
    {
        Assert.StartsWith("H-1", name, StringComparison.Ordinal);
        string target = System.IO.Path.Combine(_directory, "target.sock");
        using VhostServer? other = live ? Start(target) : null;
        File.CreateSymbolicLink(Path, target);
        AssertRefused(Path, VhostError.SocketForeignFile, force: true, "is not a socket");
        Assert.Equal(target, new FileInfo(Path).LinkTarget);
        if (live) AssertServes(Path); // a client may well go through the link
    }

    [Fact]
    public void H1_a_stale_socket_is_replaced_with_force_only()
    {
        using (FileDescriptor dead = Libc.UnixSocket()) Libc.Bind(dead.Number, Path);
        AssertRefused(Path, VhostError.SocketStale, "nobody listens");
        using (VhostServer server = Start(Path, force: true)) AssertServes(Path);
        Assert.False(File.Exists(Path));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void H1_a_socket_in_use_is_never_replaced(bool force)
    {
        using VhostServer server = Start(Path);
        AssertRefused(Path, VhostError.SocketInUse, force, "is listening");
        AssertServes(Path);
    }

    [Fact]
    public void H1_a_directory_that_does_not_exist_is_named() =>
        AssertRefused(_directory + "/no/such/h.sock", VhostError.SocketPathInvalid, "its directory does not exist");

    [Fact]
    public void H1_a_file_in_place_of_the_directory_is_named()
    {
        File.WriteAllText(Path, "");
        AssertRefused(Path + "/h.sock", VhostError.SocketPathInvalid, "can't be made");
    }

    [Fact]
    public void H1_a_directory_without_write_permission_is_named()
    {
        File.SetUnixFileMode(_directory, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        try
        {
            OtherUser.Run(() => AssertRefused(Path, VhostError.PermissionDenied, "may not write to its directory"));
        }
        finally
        {
            File.SetUnixFileMode(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void H1_a_directory_removed_while_the_server_listens_harms_nothing()
    {
        using (VhostServer server = Start(Path))
        using (RawFrontEnd client = RawFrontEnd.Connect(Path))
        {
            client.Start();
            Directory.Delete(_directory, recursive: true);
            Assert.True(client.PassPacket());
            Assert.Equal(EndpointState.Running, server.State);
        }
        Assert.False(Directory.Exists(_directory));
    }

    [Fact]
    public void H1_a_file_that_took_the_place_of_the_socket_stays_when_the_server_stops()
    {
        using (VhostServer server = Start(Path))
        {
            File.Delete(Path);
            File.WriteAllText(Path, "precious");
        }
        Assert.Equal("precious", File.ReadAllText(Path));
    }

    private static VhostServer Start(string path, bool force = false) =>
        VhostServer.Start(new VhostServerOptions { Name = "host", Path = path, Mode = ServerMode.Echo, Force = force });

    private static void AssertRefused(string path, VhostError error, params string[] words) => AssertRefused(path, error, false, words);

    private static void AssertRefused(string path, VhostError error, bool force, params string[] words)
    {
        VhostException thrown = Assert.Throws<VhostException>(() => Start(path, force));
        Assert.Equal(error, thrown.Error);
        foreach (string word in words) Assert.Contains(word, thrown.Message, StringComparison.Ordinal);
        Assert.NotNull(thrown.RecommendedAction);
    }

    private static void AssertServes(string path)
    {
        using RawFrontEnd client = RawFrontEnd.Connect(path);
        client.Start();
        Assert.True(client.PassPacket());
    }
}
