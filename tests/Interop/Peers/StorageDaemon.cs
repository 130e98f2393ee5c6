namespace VhostUser.Tests.Interop.Peers;

/// <summary>A qemu-storage-daemon that exports a disk image as a vhost-user-blk device: a back-end made with QEMU's libvhost-user.</summary>
internal sealed class StorageDaemon : IDisposable
{
    private StorageDaemon(PeerProgram program) => Program = program;

    /// <summary>Gets the running program.</summary>
    public PeerProgram Program { get; }

    /// <summary>Starts the daemon and waits until it listens.</summary>
    public static StorageDaemon Start(string socket, string image, int queues)
    {
        StorageDaemon daemon = new(PeerProgram.Start(Programs.StorageDaemon,
        [
            "--blockdev", $"driver=file,node-name=disk,filename={image}",
            "--export", $"type=vhost-user-blk,id=export,node-name=disk,writable=on,num-queues={queues},addr.type=unix,addr.path={socket}",
        ], TimeSpan.FromMinutes(2)));
        try
        {
            Deadline.Wait(() => File.Exists(socket) || daemon.Program.WaitForExit(TimeSpan.Zero), there => there, TimeSpan.FromSeconds(10));
            return daemon;
        }
        catch
        {
            daemon.Dispose();
            throw;
        }
    }

    /// <summary>Ends the daemon if it still runs.</summary>
    public void Dispose() => Program.Dispose();
}
