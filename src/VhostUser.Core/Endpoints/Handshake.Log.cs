using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>The messages about a dirty log, while rings run (vhost-user, "Migration").</summary>
internal sealed partial class Handshake
{
    /// <summary>Fails unless the back-end can log into shared memory.</summary>
    /// <exception cref="VhostException">FeatureMissing.</exception>
    public void DemandLog()
    {
        if ((Offered & VirtioFeatures.LogAll) != 0 && (ProtocolFeatures & ProtocolFeatures.LogShmfd) != 0) return;
        throw new VhostException(VhostError.FeatureMissing, $"The back-end can't log what it writes: it offers {((Offered & VirtioFeatures.LogAll) != 0 ? "LogAll" : "no LogAll")} and {((ProtocolFeatures & ProtocolFeatures.LogShmfd) != 0 ? "LogShmfd" : "no LogShmfd")}; both are needed.",
            "GET_FEATURES", "Without them QEMU refuses to migrate, too.");
    }

    /// <summary>Gives the back-end the log, and the descriptor to signal if there is one.</summary>
    public void ShareLog(DirtyBitmap log, FileDescriptor? notify, CancellationToken cancel)
    {
        // Offset 0: DPDK adds any other twice.
        frontEnd.SetLogBase(new LogPayload { Size = log.Size }, log.File.Number, cancel);
        if (notify is not null) frontEnd.SetBytes(FrontEndRequest.SetLogFd, default, cancel, [notify.Number]);
    }

    /// <summary>Switches logging of buffers and of used rings.</summary>
    public void SetLogging(IReadOnlyList<DriverRing> rings, bool on, CancellationToken cancel)
    {
        Features = on ? Features | VirtioFeatures.LogAll : Features & ~VirtioFeatures.LogAll;
        frontEnd.Set(FrontEndRequest.SetFeatures, (ulong)Features, cancel);
        foreach (DriverRing ring in rings) SetAddress(ring, cancel, log: on);
    }
}
