using System.Numerics;
using VhostUser.Interop;

namespace VhostUser.Memory;

/// <summary>
/// Memory that a front-end owns and shares with its back-ends by file descriptor. Its bytes have three different addresses:
/// guest-physical (in descriptors), front-end user (for rings), and the mapping in this process.
/// </summary>
public sealed unsafe class SharedRegion : IDisposable
{
    // Chosen so that the three kinds of addresses can never be mistaken for one another, and far from what mmap returns.
    private const ulong FirstGuestAddress = 0x1_0000_0000;
    private const ulong FirstUserAddress = 0x2000_0000_0000;
    private const ulong AddressStep = 0x100_0000_0000;

    private static int s_count;

    private readonly Lock _lock = new();
    private readonly RegionAllocator _allocator;
    private readonly List<string> _clients = [];
    private readonly RegionBacking _backing;
    private readonly string? _path;
    private readonly long _pageSize;
    private bool _disposed;

    private SharedRegion(SharedRegionOptions options, FileDescriptor file, MappedMemory memory, long size, long pageSize, string? path)
    {
        Name = options.Name;
        Size = size;
        File = file;
        Memory = memory;
        _backing = options.Backing;
        _path = path;
        _pageSize = pageSize;
        ulong step = (ulong)Interlocked.Increment(ref s_count) * AddressStep;
        GuestAddress = options.GuestAddress ?? FirstGuestAddress + step;
        UserAddress = options.UserAddress ?? FirstUserAddress + step;
        _allocator = new RegionAllocator((ulong)size);
    }

    /// <summary>Name given at creation.</summary>
    public string Name { get; }

    /// <summary>Tells this region from another that had or will have its name.</summary>
    public Guid HandleId { get; } = Guid.NewGuid();

    /// <summary>Size in bytes.</summary>
    public long Size { get; }

    /// <summary>Guest-physical address of the first byte.</summary>
    public ulong GuestAddress { get; }

    /// <summary>Front-end user address of the first byte.</summary>
    public ulong UserAddress { get; }

    /// <summary>Where the region is mapped in this process.</summary>
    public ulong MappingAddress => (ulong)Memory.Address;

    /// <summary>Why touching it can't end the process.</summary>
    public MemorySafety Safety => (Libc.GetSeals(File.Number) is > 0 and int seals && (seals & Libc.F_SEAL_SHRINK) != 0) ? MemorySafety.Sealed
        : Memory.IsGuarded ? MemorySafety.Guarded : MemorySafety.Unguarded;

    /// <summary>Whether the region was removed.</summary>
    public bool IsDisposed => Volatile.Read(ref _disposed);

    internal FileDescriptor File { get; }

    internal MappedMemory Memory { get; }

    /// <summary>Makes and maps a region.</summary>
    /// <exception cref="VhostException">RegionCreateFailed, HugePagesUnavailable, InvalidArgument or PermissionDenied.</exception>
    public static SharedRegion Create(SharedRegionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Size <= 0)
            throw new VhostException(VhostError.InvalidArgument, $"Region '{options.Name}': size {options.Size} is not positive.", options.Name, "Give -Size, for example 64MB.");
        if (options.HugePageSize != 0 && options.Backing != RegionBacking.Memfd)
            throw new VhostException(VhostError.InvalidArgument, $"Region '{options.Name}': -HugePage needs -Backing Memfd, not {options.Backing}.",
                options.Name, "For a file on a hugetlbfs mount the mount decides the page size: leave -HugePage out.");
        if (options.HugePageSize != 0 && !BitOperations.IsPow2(options.HugePageSize))
            throw new VhostException(VhostError.InvalidArgument, $"Region '{options.Name}': -HugePage {options.HugePageSize} is no page size; expected a power of two.",
                options.Name, "Give a size that the machine has, for example 2MB: ls /sys/kernel/mm/hugepages");
        string? path = null;
        bool created = false;
        long pageSize = options.HugePageSize;
        FileDescriptor? file = null;
        try
        {
            file = RegionFile.Open(options, out path, out created);
            pageSize = Math.Max(options.HugePageSize, RegionFile.PageSize(file));
            long size = (options.Size + pageSize - 1) / pageSize * pageSize;
            RegionFile.Resize(file, options, size, pageSize);
            MappedMemory memory = MappedMemory.Map(file, (ulong)size, 0);
            return new SharedRegion(options, file, memory, size, pageSize, path);
        }
        catch (Exception error)
        {
            file?.Dispose();
            if (created) RegionFile.Remove(options.Backing, path);
            if (error is LinuxException linux)
                throw RegionFile.Explain(options, path, pageSize, linux);
            throw;
        }
    }

    /// <summary>A photograph of the region.</summary>
    public SharedRegionInfo Snapshot()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return new SharedRegionInfo
            {
                Name = Name,
                HandleId = HandleId,
                OwnerProcessId = Environment.ProcessId,
                Size = Size,
                Used = (long)_allocator.Used,
                Backing = _backing,
                PageSize = _pageSize,
                GuestAddress = GuestAddress,
                UserAddress = UserAddress,
                MappingAddress = MappingAddress,
                Safety = Safety,
                Path = _path,
                Clients = [.. _clients.Distinct()],
            };
        }
    }

    /// <summary>Unmaps the region and removes its file or shm name.</summary>
    /// <exception cref="VhostException">RegionInUse while a client has rings in it.</exception>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed) return;
            if (_clients.Count > 0)
                throw new VhostException(VhostError.RegionInUse, $"Region '{Name}' is in use by client(s) {string.Join(", ", _clients.Distinct())}.", Name,
                    "Disconnect them first: Disconnect-VhostClient " + _clients[0]);
            _disposed = true;
        }
        Memory.Dispose();
        File.Dispose();
        RegionFile.Remove(_backing, _path);
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>Notes a client as user until <see cref="Release"/>.</summary>
    internal void Acquire(string client)
    {
        lock (_lock)
        {
            if (_disposed) throw new VhostException(VhostError.HandleClosed, $"Region '{Name}' was removed.", Name, "Make it again with New-VhostSharedRegion.");
            _clients.Add(client);
        }
    }

    internal void Release(string client)
    {
        lock (_lock) _clients.Remove(client);
    }

    internal RegionPiece? TryAllocate(ulong length, ulong alignment = 4096)
    {
        lock (_lock) return _allocator.TryAllocate(length, alignment) is ulong offset ? new RegionPiece(this, offset, length) : null;
    }

    internal void Free(RegionPiece piece)
    {
        lock (_lock) _allocator.Free(piece.Offset, piece.Length);
        piece.Space?.Forget(piece);
    }

    internal ulong LargestFree
    {
        get { lock (_lock) return _allocator.LargestFree; }
    }
}
