using VhostUser.Rings;
using VhostUser.Rings.Packed;

namespace VhostUser.Fuzz.Targets;

/// <summary>A device that writes anything over a packed ring, against the driver's side: no buffer id is freed twice or lost.</summary>
internal sealed unsafe class PackedUsedTarget : FuzzTarget
{
    private const int MaxSize = 64;

    private readonly FuzzMemory _memory = new();
    private readonly RingAreas _areas = RingAreas.Standard(MaxSize, packed: true);
    private readonly UsedBuffer[] _used = new UsedBuffer[MaxSize];

    public override string Name => "used-packed";

    public override int InputBytes => 192;

    public override int Run(ref FuzzInput input)
    {
        new Span<byte>(_memory.First, (int)_areas.TotalBytes).Clear();
        int size = 1 + input.Below(MaxSize);
        var ring = new PackedRing(_memory.First + _areas.Descriptors, _memory.First + _areas.Available, _memory.First + _areas.Used, size);
        var driver = new PackedDriverQueue(ring, new RingFeatures(EventIdx: input.OneIn(2), Indirect: false, InOrder: input.OneIn(3), Packed: true), 0, null);
        PackedPosition device = PackedPosition.Start;
        try
        {
            for (int round = 1 + input.Below(6); round > 0; round--)
            {
                DriverCheck.Post(driver, ref input);
                for (int i = input.Below(4); i > 0; i--)
                {
                    ushort id = input.OneIn(10) ? input.UInt16() : (ushort)input.Below(size);
                    uint length = input.OneIn(3) ? FuzzMemory.Length(ref input) : 0;
                    ulong owner = input.OneIn(12) ? (ulong)input.UInt16() << 48 : device.UsedFlags;
                    ulong tail = new PackedTail(length, id, input.OneIn(3) ? DescriptorFlags.Write : 0).Raw & ~PackedTail.OwnerMask | owner & PackedTail.OwnerMask;
                    ring.StoreTail(device.Offset, new PackedTail(tail));
                    device = device.Plus(input.OneIn(8) ? 1 + input.Below(size) : 1, size);
                }
                if (input.OneIn(6)) ring.StoreAddress(input.Below(size), input.UInt64());
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
