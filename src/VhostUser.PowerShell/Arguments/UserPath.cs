using System.Management.Automation;
using System.Text;

namespace VhostUser.Arguments;

/// <summary>Turns a path as typed, relative to PowerShell's location, into one for the operating system.</summary>
internal static class UserPath
{
    // sockaddr_un.sun_path has 108 bytes with its terminating zero.
    private const int MaxSocketPath = 107;

    /// <summary>The absolute path of a file that need not exist.</summary>
    /// <exception cref="VhostException">SocketPathInvalid.</exception>
    public static string Resolve(PSCmdlet cmdlet, string path)
    {
        // Absolute means the file system, also when the location is Env: or Variable:.
        if (path.StartsWith('/')) return Path.GetFullPath(path);
        try
        {
            string resolved = cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);
            return Path.IsPathRooted(resolved) ? resolved : Path.GetFullPath(path, cmdlet.SessionState.Path.CurrentFileSystemLocation.ProviderPath);
        }
        catch (Exception error) when (error is RuntimeException or NotSupportedException)
        {
            throw new VhostException(VhostError.SocketPathInvalid, $"'{path}' is no path in the file system: {error.Message}", path, "Give a path such as ./vhost.sock.", error);
        }
    }

    /// <summary>The path of a Unix socket: absolute, unless only the form relative to the process's directory is short enough.</summary>
    /// <exception cref="VhostException">SocketPathInvalid.</exception>
    public static string ResolveSocket(PSCmdlet cmdlet, string path)
    {
        string absolute = Resolve(cmdlet, path);
        if (Encoding.UTF8.GetByteCount(absolute) <= MaxSocketPath) return absolute;
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, absolute);
        return Encoding.UTF8.GetByteCount(relative) <= MaxSocketPath ? relative : absolute;
    }
}
