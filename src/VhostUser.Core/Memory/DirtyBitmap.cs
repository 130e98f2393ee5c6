using System.Numerics;
using VhostUser.Interop;

namespace VhostUser.Memory;

/// <summary>
/// A dirty log as its owner has it: a front-end shares it with the back-end, which sets bits, and takes them out again
/// (vhost-user, "Migration"). The file is sparse: only the parts that regions lie in are ever touched.
/// </summary>
internal sealed unsafe class DirtyBitmap : IDisposable
{
    private readonly MappedMemory _memory;

    /// <param name="end">The guest-physical address behind the last byte to log.</param>
    public DirtyBitmap(ulong end)
    {
        // Whole words of 64 pages, so that a word can be taken at once; the log starts at address 0.
        ulong words = (end - 1 >> DirtyLog.PageShift + 6) + 1;
        Size = 8 * words;
        ulong mapped = Size + (ulong)Environment.SystemPageSize - 1 & ~((ulong)Environment.SystemPageSize - 1);
        File = Libc.MemfdCreate("vhost-dirty-log", Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING);
        try
        {
            Libc.SetLength(File.Number, (long)mapped);
            Libc.TryAddSeals(File.Number, Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW | Libc.F_SEAL_SEAL);
            _memory = MappedMemory.Map(File, mapped, 0);
        }
        catch
        {
            File.Dispose();
            throw;
        }
    }

    public FileDescriptor File { get; }

    /// <summary>Bytes of the log.</summary>
    public ulong Size { get; }

    /// <summary>The guest-physical address behind the last page that it can mark.</summary>
    public ulong End => Size * 8 << DirtyLog.PageShift;

    /// <summary>The pages that are marked in [guest, guest + size), in runs, cleared in the same step.</summary>
    /// <param name="guest">Guest-physical address of the range, inside the log.</param>
    /// <param name="size">Its size in bytes, at least 1.</param>
    public List<(ulong FirstPage, long Pages)> Take(ulong guest, ulong size)
    {
        var runs = new List<(ulong FirstPage, long Pages)>();
        ulong first = guest >> DirtyLog.PageShift;
        ulong last = guest + (size - 1) >> DirtyLog.PageShift;
        for (ulong index = first / 64; index <= last / 64; index++)
        {
            ulong mask = ulong.MaxValue;
            if (index == first / 64) mask &= ulong.MaxValue << (int)(first % 64);
            if (index == last / 64) mask &= ulong.MaxValue >> (int)(63 - last % 64);
            ref ulong word = ref ((ulong*)_memory.Address)[index];
            if ((Volatile.Read(ref word) & mask) == 0) continue;
            // Cleared before the pages are looked at: what is written later sets the bit again.
            ulong marked = Interlocked.And(ref word, ~mask) & mask;
            for (; marked != 0; marked &= marked - 1) Append(runs, 64 * index + (ulong)BitOperations.TrailingZeroCount(marked));
        }
        return runs;
    }

    public void Dispose()
    {
        _memory.Dispose();
        File.Dispose();
    }

    private static void Append(List<(ulong FirstPage, long Pages)> runs, ulong page)
    {
        if (runs.Count > 0 && runs[^1].FirstPage + (ulong)runs[^1].Pages == page) runs[^1] = (runs[^1].FirstPage, runs[^1].Pages + 1);
        else runs.Add((page, 1));
    }
}
