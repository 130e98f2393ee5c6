using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Memory;

/// <summary>The buffer of GET_ and SET_INFLIGHT_FD, mapped by a back-end: one part of equal size per ring. It is the peer's memory.</summary>
internal sealed unsafe class InflightBuffer : IDisposable
{
    private readonly PeerMapping _mapping;
    private readonly InflightPayload _description;
    private readonly ulong _partSize;

    private InflightBuffer(InflightPayload description, ulong partSize, PeerMapping mapping)
    {
        _description = description;
        _partSize = partSize;
        _mapping = mapping;
    }

    public bool IsLost => _mapping.IsLost;

    /// <summary>Records of each part.</summary>
    public ushort QueueSize => _description.QueueSize;

    /// <summary>Makes a file for so many parts, all zero: nothing is in flight.</summary>
    public static FileDescriptor CreateFile(ulong size)
    {
        FileDescriptor file = Libc.MemfdCreate("vhost-inflight", Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING);
        try
        {
            Libc.SetLength(file.Number, (long)size);
            Libc.TryAddSeals(file.Number, Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW | Libc.F_SEAL_SEAL);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Maps the buffer that a message describes; the file stays the caller's.</summary>
    /// <exception cref="VhostException">InflightInvalid, MessageFdKindInvalid or MemoryMapFailed.</exception>
    public static InflightBuffer Map(InflightPayload description, ulong partSize, FileDescriptor file)
    {
        var purpose = new PeerMapping.Purpose("inflight buffer", $"The inflight buffer ({description})", VhostError.InflightInvalid,
            "The front-end must give back the buffer of GET_INFLIGHT_FD with the numbers of its reply.");
        // At most 256 parts of some hundred kilobytes: no product wraps.
        ulong needed = partSize * description.QueueCount;
        if (description.MmapSize < needed)
            throw new VhostException(VhostError.InflightInvalid, $"{purpose.Text} is too small: it needs {needed:#,0} bytes.", purpose.Target, purpose.Action);
        return new InflightBuffer(description, partSize, PeerMapping.Map(file, description.MmapSize, description.MmapOffset, purpose));
    }

    /// <summary>The part of a ring, or null when the buffer has none for it.</summary>
    public byte* PartOf(int queue) => queue < _description.QueueCount ? _mapping.Address + (ulong)queue * _partSize : null;

    public void Dispose() => _mapping.Dispose();
}
