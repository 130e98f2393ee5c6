using VhostUser.Rings;
using VhostUser.Rings.Packed;

namespace VhostUser.Fuzz.Targets;

/// <summary>A packed ring whose driver keeps no rule, against the device's side, which starts where the base says or where it finds out itself.</summary>
/// <param name="tables">Whether most descriptors are indirect.</param>
internal sealed unsafe class PackedTarget(bool tables) : DeviceQueueTarget
{
    private const int TableBytes = 16 * MaxSize;

    private readonly RingAreas _areas = RingAreas.Standard(MaxSize, packed: true);

    public override string Name => tables ? "indirect-packed" : "packed";

    public override int InputBytes => 256;

    public override int Run(ref FuzzInput input)
    {
        new Span<byte>(Memory.First, FuzzMemory.Size).Clear();
        int size = 1 + input.Below(MaxSize);
        var ring = new PackedRing(Memory.First + _areas.Descriptors, Memory.First + _areas.Available, Memory.First + _areas.Used, size);
        var features = new RingFeatures(EventIdx: input.OneIn(2), Indirect: tables || !input.OneIn(8), InOrder: input.OneIn(4), Packed: true);
        PackedPosition start = PackedPosition.Start;
        if (input.OneIn(4)) start = new PackedPosition(input.Below(size), input.OneIn(2));
        // A run of descriptors that look available, from where the device starts, and then some anywhere.
        PackedPosition at = start;
        for (int i = input.Below(size + 1); i > 0; i--, at = at.Plus(1, size)) Write(ring, at.Offset, at.AvailableFlags, ref input);
        for (int i = 0; !input.IsEmpty && i < 4 * MaxSize; i++)
        {
            if (input.OneIn(tables ? 2 : 6)) ((PackedDescriptor*)(Memory.First + FuzzMemory.Size / 2 + TableBytes * input.Below(4)))[input.Below(MaxSize)] = Descriptor(ref input, size, 0);
            else Write(ring, input.Below(size), input.OneIn(4) ? (ulong)input.UInt16() << 48 : at.AvailableFlags, ref input);
        }
        ring.StoreDriverEvent(new EventSuppression(input.UInt32()));
        ring.StoreDeviceEvent(new EventSuppression(input.UInt32()));
        try
        {
            if (input.OneIn(4)) start = PackedResume.Find(ring, input.UInt32());
            FuzzFailure.Unless(start.Offset >= 0 && start.Offset < size, $"The device would start at {start.Offset} of a ring of {size}.");
            Work(new PackedDeviceQueue(ring, Memory.Table, features, 0, start));
        }
        catch (VhostException error)
        {
            Blame(error);
        }
        return 1;
    }

    private void Write(PackedRing ring, int slot, ulong owner, ref FuzzInput input)
    {
        PackedDescriptor descriptor = Descriptor(ref input, ring.Size, owner);
        ring.Descriptors[slot] = descriptor;
    }

    private PackedDescriptor Descriptor(ref FuzzInput input, int size, ulong owner)
    {
        bool indirect = input.OneIn(tables ? 2 : 8);
        ulong address = indirect && !input.OneIn(8) ? FuzzMemory.Start + FuzzMemory.Size / 2 + (ulong)(TableBytes * input.Below(4)) : FuzzMemory.Address(ref input);
        uint length = indirect && !input.OneIn(8) ? 16 * (uint)(1 + input.Below(MaxSize)) : FuzzMemory.Length(ref input);
        ushort id = input.OneIn(12) ? input.UInt16() : (ushort)input.Below(size);
        DescriptorFlags flags = input.Below(8) switch
        {
            7 => (DescriptorFlags)input.UInt16(),
            5 or 6 => DescriptorFlags.Next,
            4 => DescriptorFlags.Next | DescriptorFlags.Write,
            3 => DescriptorFlags.Write,
            _ => DescriptorFlags.None,
        };
        return new PackedDescriptor { Address = address, Tail = new PackedTail(length, id, indirect ? DescriptorFlags.Indirect : flags).Raw & ~PackedTail.OwnerMask | owner & PackedTail.OwnerMask };
    }
}
