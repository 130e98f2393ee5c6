using System.Runtime.InteropServices;
using VhostUser.Rings;
using VhostUser.Rings.Packed;

namespace VhostUser.Fuzz.Targets;

/// <summary>
/// A record of chains in flight of a packed ring as a front-end gives it back: any bytes, before and while the ring is worked. A queue that
/// resumes from it takes sound chains or refuses it, and nothing beside the record is written.
/// </summary>
internal sealed unsafe class PackedInflightTarget : FuzzTarget
{
    private const int MaxSize = 32;
    private const int Guard = 64;
    private const byte GuardByte = 0xA5;

    private readonly FuzzMemory _memory = new();
    private readonly ChainBurst _burst = new(MaxSize);
    private readonly RingAreas _areas = RingAreas.Standard(MaxSize, packed: true);
    private readonly byte* _record = (byte*)NativeMemory.AlignedAlloc((nuint)PackedInflight.BytesFor(MaxSize) + 2 * Guard, 64) + Guard;

    public override string Name => "inflight-packed";

    public override int InputBytes => 256;

    public override int Run(ref FuzzInput input)
    {
        new Span<byte>(_memory.First, FuzzMemory.Size).Clear();
        int size = 1 + input.Below(MaxSize);
        ushort records = input.OneIn(16) ? (ushort)input.Below(MaxSize + 1) : (ushort)size;
        int bytes = (int)PackedInflight.BytesFor(records);
        new Span<byte>(_record - Guard, bytes + 2 * Guard).Fill(GuardByte);
        var ring = new PackedRing(_memory.First + _areas.Descriptors, _memory.First + _areas.Available, _memory.First + _areas.Used, size);
        // A driver that made some available, of which a device returned some and had others in work.
        var used = new PackedPosition(input.Below(size), !input.OneIn(2));
        int inFlight = input.Below(size + 1);
        PackedPosition at = used;
        for (int i = inFlight + input.Below(size - inFlight + 1); i > 0; i--, at = at.Plus(1, size))
            ring.Descriptors[at.Offset] = new PackedDescriptor { Address = Address(ref input), Tail = new PackedTail(64, (ushort)at.Offset, 0).Raw | at.AvailableFlags };
        for (int i = 0; i < used.Offset; i++)
            if (ring.Descriptors[i].Tail == 0) ring.Descriptors[i].Tail = new PackedTail(0, (ushort)i, 0).Raw | used.UsedFlags;
        FillRecord(ref input, size, records, bytes, used, inFlight);
        try
        {
            var inflight = new PackedInflight(_record, records, 0, size);
            PackedPosition start = inflight.IsNew ? PackedResume.Find(ring, used.Bits) : inflight.Recover(ring).Start;
            if (inflight.IsNew) inflight.Begin(start);
            Work(new PackedDeviceQueue(ring, _memory.Table, new RingFeatures(EventIdx: false, Indirect: true, InOrder: input.OneIn(3), Packed: true), 0, start) { Inflight = inflight }, records, ref input);
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

    private static ulong Address(ref FuzzInput input) => input.OneIn(16) ? FuzzMemory.Address(ref input) : FuzzMemory.Start + FuzzMemory.Size / 2;

    private void FillRecord(ref FuzzInput input, int size, ushort records, int bytes, PackedPosition used, int inFlight)
    {
        new Span<byte>(_record, bytes).Clear();
        if (input.OneIn(8)) return; // new
        // A sound record of so many chains of one descriptor each, and then mistakes.
        var entries = (PackedInflightRecord*)(_record + sizeof(PackedInflightRegion));
        uint free = (uint)Math.Min(inFlight, (int)records);
        for (ushort i = 0; i < records; i++)
        {
            entries[i] = new PackedInflightRecord { Next = (ushort)(i + 1), Address = Address(ref input) };
            if (i >= free) continue;
            (entries[i].InFlight, entries[i].Last, entries[i].Count, entries[i].Counter) = (1, i, 1, input.Byte());
            entries[i].SetTail(new PackedTail(64, i, input.OneIn(16) ? (DescriptorFlags)input.UInt16() : 0));
        }
        ulong places = (uint)used.Offset | (ulong)(uint)used.Offset << 16 | (used.Wrap ? 0x101UL << 32 : 0);
        *(PackedInflightRegion*)_record = new PackedInflightRegion { Version = 1, DescriptorCount = records, FreeHeads = free | free << 16, UsedPlaces = places };
        Spoil(ref input, records, size);
    }

    private void Spoil(ref FuzzInput input, ushort records, int size)
    {
        var entries = (PackedInflightRecord*)(_record + sizeof(PackedInflightRegion));
        for (int mistakes = input.Below(4); mistakes > 0; mistakes--)
        {
            ushort value = input.OneIn(4) ? input.UInt16() : (ushort)input.Below(size + 1);
            int entry = records == 0 ? 0 : input.Below(records);
            switch (input.Below(8))
            {
                case 0: ((ushort*)_record)[4 + input.Below(8)] = value; break; // version to the wrap counters
                case 1 when records > 0: entries[entry].Next = value; break;
                case 2 when records > 0: entries[entry].Last = value; break;
                case 3 when records > 0: entries[entry].Count = value; break;
                case 4 when records > 0: entries[entry].InFlight ^= 1; break;
                case 5 when records > 0: entries[entry].Descriptor = input.UInt64(); break;
                case 6: _record[sizeof(PackedInflightRegion) * (records == 0 ? 0 : 1) + (records == 0 ? input.Below(32) : input.Below(32 * records))] = input.Byte(); break;
            }
        }
    }

    private void Work(PackedDeviceQueue device, ushort records, ref FuzzInput input)
    {
        for (int round = 0; round < 4; round++)
        {
            int count = device.Take(_burst, 64);
            FuzzFailure.Unless(count is >= 0 and <= 64, $"{count} chains were taken.");
            for (int i = 0; i < count; i++) ChainCheck.AssertSound(_memory, _burst, _burst.Chains[i]);
            if (count == 0) return;
            // The front-end writes the record while it is in use.
            if (input.OneIn(4)) Spoil(ref input, records, device.Size);
            int back = input.Below(count + 1);
            device.Untake(back);
            if (count > back) device.Return(_burst.Chains, count - back);
        }
    }
}
