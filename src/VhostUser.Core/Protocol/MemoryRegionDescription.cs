using System.Runtime.InteropServices;

namespace VhostUser.Protocol;

/// <summary>A row of the memory table as it is on the wire: 32 bytes (vhost-user, "Memory region description").</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct MemoryRegionDescription : IEquatable<MemoryRegionDescription>
{
    public ulong GuestAddress;
    public ulong Size;
    public ulong UserAddress;
    public ulong MmapOffset;

    /// <summary>REM_MEM_REG finds a region by these three; its mmap offset plays no part.</summary>
    public readonly bool IsSameRegion(in MemoryRegionDescription other) =>
        GuestAddress == other.GuestAddress && UserAddress == other.UserAddress && Size == other.Size;

    public readonly bool Equals(MemoryRegionDescription other) => IsSameRegion(other) && MmapOffset == other.MmapOffset;

    public override readonly bool Equals(object? obj) => obj is MemoryRegionDescription other && Equals(other);

    public override readonly int GetHashCode() => HashCode.Combine(GuestAddress, Size, UserAddress, MmapOffset);

    public override readonly string ToString() => $"guest 0x{GuestAddress:x}, size 0x{Size:x}, user 0x{UserAddress:x}, offset 0x{MmapOffset:x}";
}
