using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>The buffer in which a back-end records what it has in work, kept by a front-end that outlives it (vhost-user, "Inflight I/O tracking").</summary>
internal sealed partial class Handshake
{
    /// <summary>Features of rings that exist already, which must be negotiated again exactly; null for the first back-end.</summary>
    public VirtioFeatures? Fixed { get; init; }

    /// <summary>Gets a buffer from the back-end; no file when it offers none.</summary>
    /// <param name="rings">Number of rings.</param>
    /// <param name="queueSize">Descriptors of each.</param>
    /// <param name="description">Where the records are in the file.</param>
    /// <param name="cancel">Ends the wait.</param>
    public FileDescriptor? GetInflight(int rings, int queueSize, out InflightPayload description, CancellationToken cancel)
    {
        description = default;
        if ((ProtocolFeatures & ProtocolFeatures.InflightShmfd) == 0) return null;
        description = frontEnd.GetInflightFd(new InflightPayload { QueueCount = (ushort)rings, QueueSize = (ushort)queueSize }, out FileDescriptor? file, cancel);
        if (description.MmapSize > 0) return file;
        file?.Dispose();
        return null;
    }

    /// <summary>Gives the buffer to the back-end, before its rings start.</summary>
    public void SetInflight(InflightPayload description, FileDescriptor? file, CancellationToken cancel)
    {
        if (file is not null && (ProtocolFeatures & ProtocolFeatures.InflightShmfd) != 0) frontEnd.Set(FrontEndRequest.SetInflightFd, description, cancel, [file.Number]);
    }
}
