using System.Numerics;
using VhostUser.Interop;

namespace VhostUser.Memory;

/// <summary>A part of a file that a peer handed over, mapped for reading and writing, and safe against its truncation.</summary>
internal sealed unsafe class PeerMapping : IDisposable
{
    private readonly MappedMemory _memory;

    private PeerMapping(MappedMemory memory, byte* address, MemorySafety safety)
    {
        _memory = memory;
        Address = address;
        Safety = safety;
    }

    /// <summary>Where the part's first byte is in this process.</summary>
    public byte* Address { get; }

    public MemorySafety Safety { get; }

    /// <summary>The whole mapping, which may be larger than the part: pages of its file.</summary>
    public byte* MappingAddress => _memory.Address;

    public ulong MappingLength => _memory.Length;

    public bool IsLost => _memory.IsLost;

    /// <summary>What is mapped, for messages about it.</summary>
    /// <param name="Target">Its short name.</param>
    /// <param name="Text">Its name with its numbers.</param>
    /// <param name="Error">The id of an error in the numbers.</param>
    /// <param name="Action">Where to look for the cause of one.</param>
    internal readonly record struct Purpose(string Target, string Text, VhostError Error, string Action);

    /// <summary>Checks and maps [offset, offset + size) of a file; the file stays the caller's.</summary>
    /// <exception cref="VhostException">The purpose's error, MessageFdKindInvalid, MemoryMapFailed or PlatformNotSupported.</exception>
    public static PeerMapping Map(FileDescriptor file, ulong size, ulong offset, Purpose purpose)
    {
        // Written so that the sum can't wrap.
        if (size == 0) throw Invalid("its size is 0");
        if (offset > ulong.MaxValue - size || offset + size > long.MaxValue) throw Invalid($"size {size:#,0} + mmap offset {offset:#,0} overflows");
        string target = purpose.Target;
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
        if (offset + size > stat.stx_size) throw Invalid($"it ends at byte {offset + size:#,0} of a file of {stat.stx_size:#,0} bytes");

        // hugetlbfs maps whole huge pages only; st_blksize tells their size. Other file systems round to the system's page.
        ulong page = stat.stx_blksize >= 1 << 21 && BitOperations.IsPow2(stat.stx_blksize) ? stat.stx_blksize : (ulong)Environment.SystemPageSize;
        ulong start = offset & ~(page - 1);
        ulong end = (offset + size + page - 1) & ~(page - 1);
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
            return new PeerMapping(memory, memory.Address + (offset - start), safety);
        }
        catch (LinuxException error)
        {
            throw new VhostException(VhostError.MemoryMapFailed, $"{purpose.Text} can't be mapped: {error.Message}", target, "Look at the process's limits (ulimit -v) and at free memory.", error);
        }

        VhostException Invalid(string why) => new(purpose.Error, $"{purpose.Text} is invalid: {why}.", purpose.Target, purpose.Action);
    }

    public void Dispose() => _memory.Dispose();
}
