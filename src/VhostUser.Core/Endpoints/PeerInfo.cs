using VhostUser.Interop;

namespace VhostUser.Endpoints;

/// <summary>Who is at the other end of a socket, from SO_PEERCRED and /proc.</summary>
/// <param name="ProcessId">Process id when it connected or listened.</param>
/// <param name="UserId">Effective user id.</param>
/// <param name="GroupId">Effective group id.</param>
/// <param name="Executable">Path of its program, or null when /proc does not tell.</param>
public sealed record PeerInfo(int ProcessId, uint UserId, uint GroupId, string? Executable)
{
    internal static PeerInfo Of(int socket)
    {
        ucred credentials = Libc.GetPeerCredentials(socket);
        string? executable = null;
        try
        {
            executable = new FileInfo($"/proc/{credentials.pid}/exe").LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another user's process: its program stays unknown.
        }
        return new PeerInfo(credentials.pid, credentials.uid, credentials.gid, executable);
    }

    /// <inheritdoc/>
    public override string ToString() => $"pid {ProcessId}{(Executable is null ? "" : $" ({System.IO.Path.GetFileName(Executable)})")}";
}
