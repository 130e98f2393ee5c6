using System.Numerics;
using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Memory;

/// <summary>One row of a back-end's memory table: a peer's file, mapped.</summary>
internal sealed unsafe class MemoryRegion : IDisposable
{
    private readonly MappedMemory _memory;
    private readonly statx_t _file;

    private MemoryRegion(MemoryRegionDescription description, MappedMemory memory, byte* address, MemorySafety safety, in statx_t file)
    {
        Description = description;
        _memory = memory;
        _file = file;
        Address = address;
        Safety = safety;
    }

    public MemoryRegionDescription Description { get; }

    /// <summary>Where the region's first byte is in this process.</summary>
    public byte* Address { get; }

    public MemorySafety Safety { get; }

    public bool IsLost => _memory.IsLost;

    /// <summary>How often the peer has added the region again since the first time; it must remove it once more for each.</summary>
    public int Repeats { get; set; }

    /// <summary>Whether the same row with the same file is what this region is already.</summary>
    public bool IsRepeatedBy(in MemoryRegionDescription row, FileDescriptor file) => Description.Equals(row) && Libc.Stat(file.Number).IsSameFile(_file);

    /// <summary>Checks and maps a region that a peer described; the file stays the caller's.</summary>
    /// <exception cref="VhostException">MemoryRegionInvalid, MessageFdKindInvalid or MemoryMapFailed.</exception>
    public static MemoryRegion Map(MemoryRegionDescription row, FileDescriptor file, int index)
    {
        string target = $"memory region {index}";
        // vhost-user, "Memory region description": every sum must stay below 2^64, written so that it can't wrap.
        if (row.Size == 0)
            throw Invalid("its size is 0");
        if (row.MmapOffset > ulong.MaxValue - row.Size || row.MmapOffset + row.Size > long.MaxValue)
            throw Invalid($"size {row.Size:#,0} + mmap offset {row.MmapOffset:#,0} overflows");
        if (row.GuestAddress > ulong.MaxValue - row.Size)
            throw Invalid($"guest address 0x{row.GuestAddress:x} + size 0x{row.Size:x} overflows");
        if (row.UserAddress > ulong.MaxValue - row.Size)
            throw Invalid($"user address 0x{row.UserAddress:x} + size 0x{row.Size:x} overflows");

        statx_t stat = Libc.Stat(file.Number);
        if (!stat.IsRegularFile)
            throw new VhostException(VhostError.MessageFdKindInvalid, $"{target}: expected the descriptor of a memfd or file, got mode 0x{stat.stx_mode:x}.", target,
                "The peer must share file-backed memory (QEMU: share=on).");
        if ((Libc.GetStatusFlags(file.Number) & Libc.O_ACCMODE) != Libc.O_RDWR)
            throw new VhostException(VhostError.MessageFdKindInvalid, $"{target}: its descriptor is not open for reading and writing.", target,
                "The peer must share writable memory (QEMU: share=on).");

        // Seal first, look at the size after: in this order no truncation can slip between (memfd_create(2), "File sealing").
        int seals = Libc.GetSeals(file.Number);
        bool isSealed = seals > 0 && (seals & Libc.F_SEAL_SHRINK) != 0;
        if (!isSealed && seals >= 0 && (seals & Libc.F_SEAL_SEAL) == 0) isSealed = Libc.TryAddSeals(file.Number, Libc.F_SEAL_SHRINK);
        stat = Libc.Stat(file.Number);
        if (row.MmapOffset + row.Size > stat.stx_size)
            throw Invalid($"it ends at byte {row.MmapOffset + row.Size:#,0} of a file of {stat.stx_size:#,0} bytes");

        // hugetlbfs maps whole huge pages only; st_blksize tells their size. Other file systems round to the system's page.
        ulong page = stat.stx_blksize >= 1 << 21 && BitOperations.IsPow2(stat.stx_blksize) ? stat.stx_blksize : (ulong)Environment.SystemPageSize;
        ulong start = row.MmapOffset & ~(page - 1);
        ulong end = (row.MmapOffset + row.Size + page - 1) & ~(page - 1);
        try
        {
            MappedMemory memory = MappedMemory.Map(file, end - start, start);
            MemorySafety safety = isSealed ? MemorySafety.Sealed : memory.IsGuarded ? MemorySafety.Guarded : MemorySafety.Unguarded;
            if (safety == MemorySafety.Unguarded)
            {
                memory.Dispose();
                throw new VhostException(VhostError.PlatformNotSupported, $"{target}: its file can't be sealed, and on this architecture a peer that truncates it would end this process.",
                    target, "Let the peer share a memfd (QEMU: -object memory-backend-memfd).");
            }
            return new MemoryRegion(row, memory, memory.Address + (row.MmapOffset - start), safety, stat);
        }
        catch (LinuxException error)
        {
            throw new VhostException(VhostError.MemoryMapFailed, $"{target} ({row}) can't be mapped: {error.Message}", target, "Look at the process's limits (ulimit -v) and at free memory.", error);
        }

        VhostException Invalid(string why) => new(VhostError.MemoryRegionInvalid, $"{target} ({row}) is invalid: {why}.", target,
            "The peer's memory table is wrong; look at the code that fills SET_MEM_TABLE or ADD_MEM_REG.");
    }

    public void Dispose() => _memory.Dispose();
}
