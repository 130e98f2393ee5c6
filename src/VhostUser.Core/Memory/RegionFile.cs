using System.Numerics;
using VhostUser.Interop;

namespace VhostUser.Memory;

/// <summary>The file behind a shared region: opened, sized, sealed and removed by kind of backing.</summary>
internal static class RegionFile
{
    public static FileDescriptor Open(SharedRegionOptions options, out string? path, out bool created)
    {
        path = null;
        created = false;
        switch (options.Backing)
        {
            case RegionBacking.Memfd:
                uint flags = Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING;
                if (options.HugePageSize != 0)
                    flags |= Libc.MFD_HUGETLB | (uint)BitOperations.Log2((ulong)options.HugePageSize) << Libc.MFD_HUGE_SHIFT;
                return Libc.MemfdCreate("vhost-" + options.Name, flags);

            case RegionBacking.Shm:
                path = "/" + (options.Path ?? $"vhost-{options.Name}-{Environment.ProcessId}").TrimStart('/');
                FileDescriptor shm = Libc.ShmOpen(path, Libc.O_RDWR | Libc.O_CREAT | Libc.O_EXCL, 0x180 /* 0600 */);
                created = true;
                return shm;

            default:
                path = options.Path ?? throw new VhostException(VhostError.InvalidArgument, $"Region '{options.Name}': -Backing File needs -Path.", options.Name,
                    "Give a path, for example on a hugetlbfs mount: -Path /dev/hugepages/lab");
                FileDescriptor file = Libc.Open(path, Libc.O_RDWR | Libc.O_CREAT | Libc.O_EXCL, 0x180);
                created = true;
                return file;
        }
    }

    /// <summary>The file's page size: st_blksize, which is the huge page size on hugetlbfs.</summary>
    public static long PageSize(FileDescriptor file)
    {
        long block = Libc.Stat(file.Number).stx_blksize;
        return block >= 1 << 21 && BitOperations.IsPow2(block) ? block : Environment.SystemPageSize;
    }

    public static void Resize(FileDescriptor file, SharedRegionOptions options, long size, long pageSize)
    {
        Libc.SetLength(file.Number, size);
        // A huge page or a block that can't be had must fail here, by an error; later it would be a fault in the middle of a packet.
        if (pageSize > Environment.SystemPageSize || options.Backing == RegionBacking.File) Libc.Allocate(file.Number, size);
        if (options.Backing == RegionBacking.Memfd)
            Libc.TryAddSeals(file.Number, Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW | Libc.F_SEAL_SEAL);
    }

    public static void Remove(RegionBacking backing, string? path)
    {
        if (path is null) return;
        if (backing == RegionBacking.Shm) Libc.ShmUnlink(path);
        else System.IO.File.Delete(path);
    }

    public static VhostException Explain(SharedRegionOptions options, string? path, long page, LinuxException cause)
    {
        if (page > Environment.SystemPageSize && cause.Errno is Errno.ENOMEM or 19 /* ENODEV: a size the machine lacks */ or 28 /* ENOSPC */ or Errno.ENOENT)
        {
            string counter = $"/sys/kernel/mm/hugepages/hugepages-{page >> 10}kB/nr_hugepages";
            long pages = (options.Size + page - 1) / page;
            return new VhostException(VhostError.HugePagesUnavailable,
                $"Region '{options.Name}' needs {pages} free huge page(s) of {page >> 20} MiB, which the machine does not have: {cause.Message}", options.Name,
                $"Reserve them as root: echo {pages} > {counter} — or leave -HugePage out; ordinary pages work too.", cause);
        }
        string action = cause.Errno switch
        {
            Errno.EEXIST => $"'{path}' exists already: choose another -Path, or remove it if nothing uses it.",
            Errno.EACCES or Errno.EPERM => "Choose a directory that you may write to, or use the default -Backing Memfd, which needs no path.",
            _ => "Check -Size and -Path.",
        };
        VhostError id = cause.Error == VhostError.PermissionDenied ? VhostError.PermissionDenied : VhostError.RegionCreateFailed;
        return new VhostException(id, $"Region '{options.Name}' ({options.Backing}, {options.Size} bytes{(path is null ? "" : $", '{path}'")}) can't be made: {cause.Message}",
            options.Name, action, cause);
    }
}
