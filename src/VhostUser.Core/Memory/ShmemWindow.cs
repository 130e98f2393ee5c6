using VhostUser.Interop;

namespace VhostUser.Memory;

/// <summary>
/// A shared memory region of a device as the front-end has it: a reserved range of addresses into which the back-end asks for
/// files to be mapped (vhost-user, SHMEM). One thread maps; any may read.
/// </summary>
internal sealed unsafe class ShmemWindow : IDisposable
{
    /// <summary>The largest window that is reserved.</summary>
    public const ulong MaxSize = 1UL << 40;

    private readonly Lock _lock = new();
    private readonly SortedList<ulong, ulong> _maps = []; // offset to length
    private readonly byte* _address;
    private readonly int _guard;
    private bool _disposed;

    public ShmemWindow(int id, ulong size)
    {
        Id = id;
        Size = size;
        _address = Libc.Reserve(size);
        _guard = BusErrorGuard.Register(_address, size);
        Libc.KeepFromChildren(_address, size);
    }

    public int Id { get; }

    public ulong Size { get; }

    /// <summary>What is mapped: offset and length of each.</summary>
    public (ulong Offset, ulong Length)[] Maps
    {
        get { lock (_lock) return [.. _maps.Select(map => (map.Key, map.Value))]; }
    }

    /// <summary>Maps a part of a file.</summary>
    /// <exception cref="VhostException">RequestValueInvalid, MemoryRegionOverlap, MessageFdKindInvalid or MemoryMapFailed.</exception>
    public void Map(FileDescriptor file, ulong fileOffset, ulong offset, ulong length, bool writable)
    {
        Check(offset, length);
        if (fileOffset % (ulong)Environment.SystemPageSize != 0 || fileOffset > long.MaxValue - length) throw Invalid($"file offset 0x{fileOffset:x} is no multiple of a page, or too large");
        statx_t stat = Libc.Stat(file.Number);
        if (!stat.IsRegularFile)
            throw new VhostException(VhostError.MessageFdKindInvalid, $"SHMEM_MAP: expected the descriptor of a file, got mode 0x{stat.stx_mode:x}.", "SHMEM_MAP", "The back-end must share a memfd or file.");
        if (fileOffset + length > stat.stx_size) throw Invalid($"it ends at byte {fileOffset + length:#,0} of a file of {stat.stx_size:#,0} bytes");
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            foreach ((ulong start, ulong size) in _maps)
            {
                if (start < offset + length && offset < start + size)
                    throw new VhostException(VhostError.MemoryRegionOverlap, $"SHMEM_MAP: [0x{offset:x}, 0x{offset + length:x}) of shared memory region {Id} overlaps [0x{start:x}, 0x{start + size:x}), which is mapped.", "SHMEM_MAP",
                        "The back-end must unmap it first.");
            }
            try
            {
                Libc.MapAt(_address + offset, length, Libc.PROT_READ | (writable ? Libc.PROT_WRITE : 0), file.Number, fileOffset);
            }
            catch (LinuxException error)
            {
                throw new VhostException(VhostError.MemoryMapFailed, $"SHMEM_MAP: the file can't be mapped: {error.Message}", "SHMEM_MAP", "Was it opened for what the flags ask?", error);
            }
            _maps[offset] = length;
        }
    }

    /// <summary>Takes away what lies wholly in the range.</summary>
    /// <exception cref="VhostException">RequestValueInvalid when nothing does, or something only in part.</exception>
    public void Unmap(ulong offset, ulong length)
    {
        Check(offset, length);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            KeyValuePair<ulong, ulong>[] hit = [.. _maps.Where(map => map.Key < offset + length && offset < map.Key + map.Value)];
            if (hit.Length == 0) throw Invalid("nothing is mapped there");
            if (hit.Any(map => map.Key < offset || map.Key + map.Value > offset + length)) throw Invalid("it cuts a mapping in two");
            Libc.ReserveAt(_address + offset, length);
            foreach (KeyValuePair<ulong, ulong> map in hit) _maps.Remove(map.Key);
        }
    }

    /// <summary>Copies bytes out of one mapping.</summary>
    /// <exception cref="VhostException">MemoryAddressInvalid where nothing is mapped.</exception>
    public byte[] Read(ulong offset, int length)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_maps.Any(map => offset >= map.Key && offset - map.Key < map.Value && (ulong)length <= map.Value - (offset - map.Key)))
                throw new VhostException(VhostError.MemoryAddressInvalid, $"Nothing is mapped at [0x{offset:x}, 0x{offset + (ulong)length:x}) of shared memory region {Id}.", "SHMEM_MAP", "The back-end maps it with SHMEM_MAP.");
            // Safe: one mapping covers [offset, +length), and the guard survives a truncated file.
            return new ReadOnlySpan<byte>(_address + offset, length).ToArray();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
            BusErrorGuard.Unregister(_guard);
            Libc.Unmap(_address, Size);
        }
    }

    private void Check(ulong offset, ulong length)
    {
        ulong page = (ulong)Environment.SystemPageSize;
        if (length == 0 || offset % page != 0 || length % page != 0) throw Invalid($"offset 0x{offset:x} and length 0x{length:x} must be multiples of a page, and the length not 0");
        if (offset >= Size || length > Size - offset) throw Invalid($"[0x{offset:x}, +0x{length:x}) is beyond its size 0x{Size:x}");
    }

    private VhostException Invalid(string why) =>
        new(VhostError.RequestValueInvalid, $"Shared memory region {Id} of the device: {why}.", "SHMEM_MAP", "Look at the back-end's code.");
}
