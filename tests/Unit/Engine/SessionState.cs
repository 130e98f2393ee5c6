namespace System.Management.Automation;

/// <summary>Where a session stands; here only its paths.</summary>
public sealed class SessionState
{
    public PathIntrinsics Path { get; } = new();
}

/// <summary>Resolves paths; here the file system is the only provider and the process directory the location.</summary>
public sealed class PathIntrinsics
{
    private const string FileSystemPrefix = "FileSystem::";

    internal PathIntrinsics() { }

    public PathInfo CurrentFileSystemLocation => new(Environment.CurrentDirectory);

    public string GetUnresolvedProviderPathFromPSPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.StartsWith(FileSystemPrefix, StringComparison.OrdinalIgnoreCase))
            path = path[FileSystemPrefix.Length..];
        if (path == "~" || path.StartsWith("~/", StringComparison.Ordinal))
            path = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + path[1..];
        return IO.Path.GetFullPath(path, Environment.CurrentDirectory);
    }
}

/// <summary>A resolved location.</summary>
public sealed class PathInfo
{
    internal PathInfo(string path) => Path = path;

    public string Path { get; }

    public string ProviderPath => Path;

    public override string ToString() => Path;
}
