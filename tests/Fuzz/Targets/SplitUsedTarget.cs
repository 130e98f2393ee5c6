using VhostUser.Rings;
using VhostUser.Rings.Split;

namespace VhostUser.Fuzz.Targets;

/// <summary>A device that writes anything into the used ring, against the driver's side: no descriptor is freed twice or lost.</summary>
internal sealed unsafe class SplitUsedTarget : FuzzTarget
{
    private const int MaxSize = 64;

    private readonly FuzzMemory _memory = new();
    private readonly RingAreas _areas = RingAreas.Standard(MaxSize);
    private readonly UsedBuffer[] _used = new UsedBuffer[MaxSize];

    public override string Name => "used";

    public override int InputBytes => 192;

    public override int Run(ref FuzzInput input)
    {
        new Span<byte>(_memory.First, (int)_areas.TotalBytes).Clear();
        int size = 1 << input.Below(7);
        var ring = new SplitRing(_memory.First + _areas.Descriptors, _memory.First + _areas.Available, _memory.First + _areas.Used, size);
        var driver = new SplitDriverQueue(ring, new RingFeatures(EventIdx: input.OneIn(2), Indirect: false, InOrder: input.OneIn(3)), 0, null);
        try
        {
            for (int round = 1 + input.Below(6); round > 0; round--)
            {
                DriverCheck.Post(driver, ref input);
                ushort used = ring.LoadUsedIndex();
                for (int i = input.Below(8); i >= 0; i--)
                    ring.UsedRing[(used + i) & (size - 1)] = (input.OneIn(12) ? input.UInt32() : (uint)input.Below(size)) | (ulong)FuzzMemory.Length(ref input) << 32;
                ring.StoreUsedIndex((ushort)(used + (input.OneIn(12) ? input.UInt16() : input.Below(4))));
                if (input.OneIn(6)) ring.Descriptors[input.Below(size)].Next = input.UInt16(); // the device may write there, too
                DriverCheck.Reap(driver, _used);
                Good();
                driver.EnableCalls();
            }
        }
        catch (VhostException error)
        {
            Blame(error);
            DriverCheck.AssertFreeList(driver);
        }
        return 1;
    }

    public override void Dispose() => _memory.Dispose();
}
