namespace VhostUser.Rings.Packed;

/// <summary>
/// The three areas of a packed ring (virtio 1.3 §2.8) as pointers into shared memory, and nothing of either side's own state.
/// A descriptor belongs to the side that its flags name, so reading the flags acquires and writing them releases.
/// </summary>
internal readonly unsafe struct PackedRing(byte* descriptors, byte* driverEvent, byte* deviceEvent, int size)
{
    /// <summary>The largest ring (virtio 1.3 §2.8); it need not be a power of two.</summary>
    public const int MaxSize = 32768;

    public const int DescriptorAlignment = 16;
    public const int EventAlignment = 4;
    public const int EventBytes = 4;

    public readonly PackedDescriptor* Descriptors = (PackedDescriptor*)descriptors;
    public readonly int Size = size;
    private readonly uint* _driverEvent = (uint*)driverEvent;
    private readonly uint* _deviceEvent = (uint*)deviceEvent;

    /// <summary>The device event suppression area.</summary>
    public void* DeviceEvent => _deviceEvent;

    /// <summary>Bytes of the descriptor ring: 16 each.</summary>
    public static ulong DescriptorBytes(int size) => 16UL * (ulong)size;

    /// <summary>Whether a packed ring may have this size.</summary>
    public static bool IsValidSize(uint size) => size is > 0 and <= MaxSize;

    /// <summary>Length, id and flags at one moment, with acquire order: what was written before them is visible after.</summary>
    public PackedTail LoadTail(int slot) => new(Volatile.Read(ref Descriptors[slot].Tail));

    /// <summary>Length, id and flags together, with release order: everything before is visible before (virtio 1.3 §2.8.21.1).</summary>
    public void StoreTail(int slot, PackedTail tail) => Volatile.Write(ref Descriptors[slot].Tail, tail.Raw);

    /// <summary>The address, read once; after <see cref="LoadTail"/>.</summary>
    public ulong LoadAddress(int slot) => Volatile.Read(ref Descriptors[slot].Address);

    public void StoreAddress(int slot, ulong address) => Volatile.Write(ref Descriptors[slot].Address, address);

    /// <summary>When the driver wants calls (driver event suppression area).</summary>
    public EventSuppression LoadDriverEvent() => new(Volatile.Read(ref *_driverEvent));

    public void StoreDriverEvent(EventSuppression wish) => Volatile.Write(ref *_driverEvent, wish.Raw);

    /// <summary>When the device wants kicks (device event suppression area).</summary>
    public EventSuppression LoadDeviceEvent() => new(Volatile.Read(ref *_deviceEvent));

    public void StoreDeviceEvent(EventSuppression wish) => Volatile.Write(ref *_deviceEvent, wish.Raw);
}
