namespace VhostUser.Tests.Interop.Peers;

/// <summary>A qemu-storage-daemon that exports a disk image as a vhost-user-blk device: a back-end made with QEMU's libvhost-user.</summary>
internal sealed class StorageDaemon : IDisposable
{
    private StorageDaemon(PeerProgram program) => Program = program;

    /// <summary>Gets the running program.</summary>
    public PeerProgram Program { get; }

    /// <summary>Starts the daemon and waits until it listens.</summary>
    /// <param name="socket">Where it listens.</param>
    /// <param name="image">The disk's content.</param>
    /// <param name="queues">Its rings.</param>
    /// <param name="writesPerSecond">How many writes it does a second, while reads overtake those that wait; 0 for as many as it can.</param>
    public static StorageDaemon Start(string socket, string image, int queues, int writesPerSecond = 0)
    {
        StorageDaemon daemon = new(PeerProgram.Start(Programs.StorageDaemon,
        [
            "--blockdev", $"driver=file,node-name=disk,filename={image}",
            .. writesPerSecond == 0 ? Array.Empty<string>()
                : ["--object", $"throttle-group,id=slow,x-iops-write={writesPerSecond}", "--blockdev", "driver=throttle,node-name=slow-disk,throttle-group=slow,file=disk"],
            "--export", $"type=vhost-user-blk,id=export,node-name={(writesPerSecond == 0 ? "disk" : "slow-disk")},writable=on,num-queues={queues},addr.type=unix,addr.path={socket}",
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
