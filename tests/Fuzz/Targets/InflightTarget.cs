using System.Runtime.InteropServices;
using VhostUser.Rings;
using VhostUser.Rings.Split;

namespace VhostUser.Fuzz.Targets;

/// <summary>
/// The record of chains in flight as a front-end may have spoilt it, given to a device that resumes with it: it is refused, or the device
/// works what it says without leaving the record's or the guest's memory.
/// </summary>
internal sealed unsafe class InflightTarget : FuzzTarget
{
    private const int MaxSize = 64;
    private const int Guard = 64;
    private const byte GuardByte = 0xA5;

    private readonly FuzzMemory _memory = new();
    private readonly ChainBurst _burst = new(MaxSize);
    private readonly RingAreas _areas = RingAreas.Standard(MaxSize);
    private readonly byte* _record = (byte*)NativeMemory.AlignedAlloc((nuint)SplitInflight.BytesFor(MaxSize) + 2 * Guard, 64) + Guard;

    public override string Name => "inflight";

    public override int InputBytes => 192;

    public override int Run(ref FuzzInput input)
    {
        new Span<byte>(_memory.First, FuzzMemory.Size).Clear();
        int size = 1 << input.Below(7);
        ushort records = input.OneIn(16) ? (ushort)input.Below(MaxSize + 1) : (ushort)size;
        int bytes = (int)SplitInflight.BytesFor(records);
        new Span<byte>(_record - Guard, bytes + 2 * Guard).Fill(GuardByte);
        ushort used = (ushort)(input.OneIn(2) ? input.UInt16() : 0);
        FillRecord(ref input, records, bytes, used);
        var ring = new SplitRing(_memory.First + _areas.Descriptors, _memory.First + _areas.Available, _memory.First + _areas.Used, size);
        ring.StoreUsedIndex(used);
        ring.StoreAvailableIndex((ushort)(used + input.Below(size + 1)));
        for (int i = 0; i < size; i++)
        {
            ring.AvailableRing[i] = (ushort)i;
            ring.Descriptors[i] = new SplitDescriptor { Address = FuzzMemory.Start + FuzzMemory.Size / 2, Length = 64, Flags = input.OneIn(16) ? DescriptorFlags.Next : 0, Next = (ushort)input.Below(size) };
        }
        try
        {
            var device = new SplitDeviceQueue(ring, _memory.Table, new RingFeatures(EventIdx: false, Indirect: true, InOrder: false), 0, used);
            device.Resume(new SplitInflight(_record, records, 0, size));
            Work(device, ref input);
            Good();
        }
        catch (VhostException error)
        {
            Blame(error);
        }
        FuzzFailure.Unless(new Span<byte>(_record - Guard, Guard).IndexOfAnyExcept(GuardByte) < 0 && new Span<byte>(_record + bytes, Guard).IndexOfAnyExcept(GuardByte) < 0,
            "Bytes beside the record were written.");
        return 1;
    }

    public override void Dispose()
    {
        NativeMemory.AlignedFree(_record - Guard);
        _burst.Dispose();
        _memory.Dispose();
    }

    private void FillRecord(ref FuzzInput input, ushort records, int bytes, ushort used)
    {
        new Span<byte>(_record, bytes).Clear();
        if (input.OneIn(4)) return; // new
        var head = (SplitInflightRegion*)_record;
        *head = new SplitInflightRegion
        {
            Version = input.OneIn(12) ? input.UInt16() : (ushort)1,
            DescriptorCount = input.OneIn(12) ? input.UInt16() : records,
            LastBatchHead = input.OneIn(8) ? input.UInt16() : (ushort)input.Below(MaxSize),
            UsedIndex = (ushort)(used - (input.OneIn(8) ? input.UInt16() : input.Below(6))),
        };
        var entries = (SplitInflightRecord*)(_record + sizeof(SplitInflightRegion));
        for (int i = 0; i < records && !input.IsEmpty; i++)
            entries[i] = new SplitInflightRecord { InFlight = input.OneIn(2) ? input.Byte() : (byte)0, Next = input.OneIn(8) ? input.UInt16() : (ushort)input.Below(MaxSize), Counter = input.OneIn(8) ? input.UInt64() : input.Byte() };
    }

    private void Work(SplitDeviceQueue device, ref FuzzInput input)
    {
        for (int round = 0; round < 4; round++)
        {
            int count = device.Take(_burst, 64);
            FuzzFailure.Unless(count is >= 0 and <= 64, $"{count} chains were taken.");
            for (int i = 0; i < count; i++) ChainCheck.AssertSound(_memory, _burst, _burst.Chains[i]);
            if (count == 0) return;
            int back = input.Below(count + 1);
            device.Untake(back);
            if (count > back) device.Return(_burst.Chains, count - back);
        }
    }
}
