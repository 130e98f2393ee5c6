using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Tests.Peers;

/// <summary>A dirty log as a front-end gives it out, in a file of its own, read bit by bit.</summary>
internal sealed unsafe class GuestLog : IDisposable
{
    private readonly byte* _address;
    private readonly ulong _fileSize;
    private readonly ulong _offset;

    /// <param name="size">Bytes of the log; the default covers guest addresses up to 128 GiB.</param>
    /// <param name="offset">Where it starts in its file.</param>
    /// <param name="sealable">Whether a back-end can seal the file against truncation.</param>
    public GuestLog(ulong size = 4 << 20, ulong offset = 0, bool sealable = true)
    {
        _offset = offset;
        _fileSize = (offset + size + 4095) & ~4095UL;
        Payload = new LogPayload { Size = size, Offset = offset };
        File = Libc.MemfdCreate(Name, Libc.MFD_CLOEXEC | (sealable ? Libc.MFD_ALLOW_SEALING : 0));
        Libc.SetLength(File.Number, (long)_fileSize);
        _address = Libc.Map(_fileSize, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, File.Number, 0);
    }

    /// <summary>Name of the file, under which this process's mappings list it.</summary>
    public string Name { get; } = "vhost-raw-log-" + Guid.NewGuid();

    public FileDescriptor File { get; }

    public LogPayload Payload { get; }

    /// <summary>Whether the page at a guest address is marked.</summary>
    public bool IsMarked(ulong guestAddress)
    {
        ulong page = guestAddress >> 12;
        return (Volatile.Read(ref _address[_offset + page / 8]) >> (int)(page % 8) & 1) != 0;
    }

    /// <summary>Guest addresses of the marked pages in a range.</summary>
    public ulong[] MarkedIn(ulong guestAddress, ulong size) =>
        [.. Enumerable.Range(0, (int)((size + 4095) / 4096)).Select(page => guestAddress + 4096 * (ulong)page).Where(IsMarked)];

    /// <summary>How many bits are set in the whole file, the bytes outside of the log included.</summary>
    public long CountBits()
    {
        long bits = 0;
        foreach (ulong word in new ReadOnlySpan<ulong>(_address, (int)(_fileSize / 8))) bits += System.Numerics.BitOperations.PopCount(word);
        return bits;
    }

    public void Clear() => new Span<byte>(_address, (int)_fileSize).Clear();

    public void Dispose()
    {
        Libc.Unmap(_address, _fileSize);
        File.Dispose();
    }
}
