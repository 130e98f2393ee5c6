using VhostUser.Rings;
using VhostUser.Rings.Split;

namespace VhostUser.Fuzz.Targets;

/// <summary>
/// A split ring whose driver keeps no rule, against the device's side: what comes out lies inside memory and adds up, or a typed error says
/// what was wrong.
/// </summary>
/// <param name="tables">Whether most heads are indirect.</param>
internal sealed unsafe class SplitTarget(bool tables) : DeviceQueueTarget
{
    private const int TableBytes = 16 * MaxSize;

    private readonly RingAreas _areas = RingAreas.Standard(MaxSize);

    public override string Name => tables ? "indirect" : "split";

    public override int InputBytes => 256;

    public override int Run(ref FuzzInput input)
    {
        new Span<byte>(Memory.First, FuzzMemory.Size).Clear();
        int size = 1 << input.Below(7);
        var ring = new SplitRing(Memory.First + _areas.Descriptors, Memory.First + _areas.Available, Memory.First + _areas.Used, size);
        var features = new RingFeatures(EventIdx: input.OneIn(2), Indirect: tables || !input.OneIn(8), InOrder: input.OneIn(4));
        ushort start = input.OneIn(4) ? input.UInt16() : (ushort)0;
        ring.StoreUsedIndex(start);
        for (int i = input.Below(2 * size + 1); i > 0; i--) ring.AvailableRing[input.Below(size)] = input.OneIn(16) ? input.UInt16() : (ushort)input.Below(size);
        for (int i = 0; !input.IsEmpty && i < 4 * MaxSize; i++)
        {
            SplitDescriptor* target = ring.Descriptors + input.Below(size);
            if (input.OneIn(tables ? 2 : 6)) target = (SplitDescriptor*)(Memory.First + FuzzMemory.Size / 2 + TableBytes * input.Below(4)) + input.Below(MaxSize);
            *target = Descriptor(ref input, size);
        }
        ring.StoreAvailableIndex((ushort)(start + (input.OneIn(8) ? input.UInt16() : input.Below(size) + 1)));
        try
        {
            Work(new SplitDeviceQueue(ring, Memory.Table, features, 0, start));
        }
        catch (VhostException error)
        {
            Blame(error);
        }
        return 1;
    }

    private SplitDescriptor Descriptor(ref FuzzInput input, int size)
    {
        bool indirect = input.OneIn(tables ? 2 : 8);
        return new SplitDescriptor
        {
            Address = indirect && !input.OneIn(8) ? FuzzMemory.Start + FuzzMemory.Size / 2 + (ulong)(TableBytes * input.Below(4)) : FuzzMemory.Address(ref input),
            Length = indirect && !input.OneIn(8) ? 16 * (uint)(1 + input.Below(MaxSize)) : FuzzMemory.Length(ref input),
            Flags = indirect ? DescriptorFlags.Indirect : Flags(ref input),
            Next = input.OneIn(12) ? input.UInt16() : (ushort)input.Below(indirect ? MaxSize : size),
        };
    }

    private static DescriptorFlags Flags(ref FuzzInput input) => input.Below(10) switch
    {
        9 => (DescriptorFlags)input.UInt16(),
        5 or 6 or 7 => DescriptorFlags.Next,
        4 => DescriptorFlags.Next | DescriptorFlags.Write,
        3 => DescriptorFlags.Write,
        _ => DescriptorFlags.None,
    };
}
