using System.Numerics;

namespace VhostUser.Rings.Split;

/// <summary>
/// The three areas of a split ring (virtio 1.3 §2.7) as pointers into shared memory, and nothing of either side's own state.
/// Every index goes through Volatile, because the other side changes it at any time.
/// </summary>
internal readonly unsafe struct SplitRing(byte* descriptors, byte* available, byte* used, int size)
{
    /// <summary>The largest ring (virtio 1.3 §2.7).</summary>
    public const int MaxSize = 32768;

    public const int DescriptorAlignment = 16;
    public const int AvailableAlignment = 2;
    public const int UsedAlignment = 4;

    public const ushort NoInterrupt = 1; // VIRTQ_AVAIL_F_NO_INTERRUPT, §2.7.6
    public const ushort NoNotify = 1;    // VIRTQ_USED_F_NO_NOTIFY, §2.7.8

    public readonly SplitDescriptor* Descriptors = (SplitDescriptor*)descriptors;
    public readonly ushort* AvailableRing = (ushort*)(available + 4);
    public readonly ulong* UsedRing = (ulong*)(used + 4);
    public readonly int Size = size;
    private readonly ushort* _available = (ushort*)available;
    private readonly ushort* _used = (ushort*)used;

    /// <summary>Bytes of the descriptor area: 16 each.</summary>
    public static ulong DescriptorBytes(int size) => 16UL * (ulong)size;

    /// <summary>Bytes of the available area: flags, idx, ring, used_event.</summary>
    public static ulong AvailableBytes(int size) => 6 + 2UL * (ulong)size;

    /// <summary>Bytes of the used area: flags, idx, ring, avail_event.</summary>
    public static ulong UsedBytes(int size) => 6 + 8UL * (ulong)size;

    /// <summary>Bytes of the used area before an element, and for the element behind the last, before avail_event.</summary>
    public static ulong UsedElementOffset(int slot) => 4 + 8UL * (ulong)slot;

    /// <summary>Whether a split ring may have this size: a power of two up to 32768.</summary>
    public static bool IsValidSize(uint size) => size is > 0 and <= MaxSize && BitOperations.IsPow2(size);

    /// <summary>avail.idx, with acquire order: entries written before it are visible after it.</summary>
    public ushort LoadAvailableIndex() => Volatile.Read(ref _available[1]);

    /// <summary>avail.idx, with release order (virtio 1.3 §2.7.13.3: the entries before the index).</summary>
    public void StoreAvailableIndex(ushort value) => Volatile.Write(ref _available[1], value);

    public ushort LoadAvailableFlags() => Volatile.Read(ref _available[0]);

    public void StoreAvailableFlags(ushort value) => Volatile.Write(ref _available[0], value);

    /// <summary>used_event, after the available ring (virtio 1.3 §2.7.7).</summary>
    public ushort LoadUsedEvent() => Volatile.Read(ref AvailableRing[Size]);

    public void StoreUsedEvent(ushort value) => Volatile.Write(ref AvailableRing[Size], value);

    /// <summary>used.idx, with acquire order.</summary>
    public ushort LoadUsedIndex() => Volatile.Read(ref _used[1]);

    /// <summary>used.idx, with release order (virtio 1.3 §2.7.8: the elements before the index).</summary>
    public void StoreUsedIndex(ushort value) => Volatile.Write(ref _used[1], value);

    public ushort LoadUsedFlags() => Volatile.Read(ref _used[0]);

    public void StoreUsedFlags(ushort value) => Volatile.Write(ref _used[0], value);

    /// <summary>avail_event, after the used ring (virtio 1.3 §2.7.10).</summary>
    public ushort LoadAvailableEvent() => Volatile.Read(ref *(ushort*)(UsedRing + Size));

    public void StoreAvailableEvent(ushort value) => Volatile.Write(ref *(ushort*)(UsedRing + Size), value);
}
