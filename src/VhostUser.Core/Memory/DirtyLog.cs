using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Memory;

/// <summary>
/// The front-end's dirty log, mapped by a back-end: one bit per 4096 bytes of guest-physical memory from address 0
/// (vhost-user, "Migration"). It is the peer's memory, and the peer reads and clears it at any time.
/// </summary>
internal sealed unsafe class DirtyLog : IDisposable
{
    /// <summary>VHOST_LOG_PAGE is 0x1000.</summary>
    public const int PageShift = 12;

    private readonly PeerMapping _mapping;
    private readonly LogPayload _log;

    private DirtyLog(LogPayload log, PeerMapping mapping)
    {
        _log = log;
        _mapping = mapping;
    }

    public bool IsLost => _mapping.IsLost;

    /// <summary>Maps the log that SET_LOG_BASE describes; the file stays the caller's.</summary>
    /// <exception cref="VhostException">LogInvalid, MessageFdKindInvalid or MemoryMapFailed.</exception>
    public static DirtyLog Map(LogPayload log, FileDescriptor file) => new(log, PeerMapping.Map(file, log.Size, log.Offset,
        new PeerMapping.Purpose("dirty log", $"SET_LOG_BASE: the dirty log ({log})", VhostError.LogInvalid, "The front-end must give the size and offset of the log within its file.")));

    /// <summary>Whether the bits of all pages of [address, address + length) are inside the log.</summary>
    public bool Covers(ulong address, ulong length) => length == 0 || (address <= ulong.MaxValue - (length - 1) && LastByteOf(address, length) < _log.Size);

    /// <summary>Sets the bits of all pages of [address, address + length); the bytes must have been written before.</summary>
    /// <exception cref="VhostException">LogInvalid: the range ends behind the log. A write that can't be marked would be lost by a migration.</exception>
    public void Mark(ulong address, ulong length)
    {
        if (length == 0) return;
        if (!Covers(address, length)) throw TooSmall($"a write of {length} bytes at guest address 0x{address:x}", address, length);
        ulong last = address + (length - 1) >> PageShift;
        for (ulong page = address >> PageShift; page <= last; page++)
        {
            byte* place = _mapping.Address + (page >> 3);
            // The log may start at any byte of its page; the atomic operation needs the aligned word around it.
            nuint skew = (nuint)place & 3;
            // A full barrier, too: whoever sees the bit sees what was written before.
            Interlocked.Or(ref *(uint*)(place - skew), 1u << (int)(8 * skew + (page & 7)));
        }
    }

    /// <summary>The error of a log that ends before what it must cover.</summary>
    public VhostException TooSmall(string what, ulong address, ulong length) => new(VhostError.LogInvalid,
        $"The dirty log ({_log}) is too small for {what}: that needs {LastByteOf(address, length) + 1:#,0} bytes, one bit per 4096 bytes from address 0.", "dirty log",
        "The front-end must send SET_LOG_BASE with a log that covers its highest guest address, and again before it adds memory above.");

    public void Dispose() => _mapping.Dispose();

    private static ulong LastByteOf(ulong address, ulong length) => address + (length - 1) >> PageShift >> 3;
}
