using System.Runtime.InteropServices;
using VhostUser.Memory;
using VhostUser.Rings;
using VhostUser.Rings.Packed;
using Xunit;

namespace VhostUser.Tests.Rings.Packed;

/// <summary>A front-end that changes a packed ring and the record of its chains in flight while a device works with both.</summary>
public unsafe class PackedRaceTests
{
    private const int Size = 8;
    private const int Guard = 64;

    // Short here; VHOST_RACE_SECONDS=10 for a long run.
    private static readonly TimeSpan s_duration = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("VHOST_RACE_SECONDS") ?? "1", System.Globalization.CultureInfo.InvariantCulture));

    [Fact]
    public void R15_A_packed_ring_and_its_record_that_flip_never_lead_outside_memory()
    {
        using var ring = new PackedTestRing(Size);
        int bytes = (int)PackedInflight.BytesFor(Size);
        byte* memory = (byte*)NativeMemory.AllocZeroed((nuint)(bytes + 2 * Guard));
        byte* record = memory + Guard;
        ulong[] addresses = [ring.Buffers, ring.End - 8, ulong.MaxValue - 63, 0];
        uint[] lengths = [64, 9, 16, uint.MaxValue];
        using var stop = new CancellationTokenSource(s_duration);
        var attacker = new Thread(() =>
        {
            var random = new Random(17);
            while (!stop.IsCancellationRequested)
            {
                int slot = random.Next(Size);
                var flags = (DescriptorFlags)(random.Next(8) | (random.Next(4) == 0 ? 0x8080 : 0x80));
                if (random.Next(2) == 0) flags &= ~(DescriptorFlags.Next | DescriptorFlags.Indirect);
                Volatile.Write(ref ring.Ring.Descriptors[slot].Address, addresses[random.Next(4)]);
                Volatile.Write(ref ring.Ring.Descriptors[slot].Tail, new PackedTail(lengths[random.Next(4)], (ushort)random.Next(Size + 2), flags).Raw);
                // Sound more often than not, so that a device gets far.
                if (random.Next(4) == 0) Volatile.Write(ref *(ushort*)(record + 12 + 2 * random.Next(bytes / 2 - 6)), (ushort)random.Next(Size + 1));
            }
        });
        attacker.Start();
        MemoryRegion region = ring.Memory.Table.Regions[0];
        long taken = 0, refused = 0;
        for (int round = 0; !stop.IsCancellationRequested; round++)
        {
            if (round % 4 == 0) new Span<byte>(record, bytes).Clear(); // a new record; else what is left of the last device's
            try
            {
                var inflight = new PackedInflight(record, Size, 0, Size);
                PackedPosition start = inflight.IsNew ? PackedPosition.Start : inflight.Recover(ring.Ring).Start;
                if (inflight.IsNew) inflight.Begin(start);
                PackedDeviceQueue device = ring.Device(start: start, inflight: inflight);
                for (int i = 0; i < 4; i++)
                {
                    int count = device.Take(ring.Burst, Size);
                    Assert.InRange(count, 0, Size);
                    for (int c = 0; c < count; c++) AssertInside(ring, region, ring.Burst.Chains[c]);
                    taken += count;
                    int back = count / 2;
                    device.Untake(back);
                    device.Return(ring.Burst.Chains, count - back);
                }
            }
            catch (VhostException)
            {
                refused++;
            }
        }
        attacker.Join();
        bool intact = new Span<byte>(memory, Guard).IndexOfAnyExcept((byte)0) < 0 && new Span<byte>(record + bytes, Guard).IndexOfAnyExcept((byte)0) < 0;
        NativeMemory.Free(memory);
        Assert.True(intact, "Bytes beside the record were written.");
        Assert.True(taken > 0 && refused > 0, $"taken {taken}, refused {refused}: the two threads did not meet.");
    }

    private static void AssertInside(PackedTestRing ring, MemoryRegion region, in Chain chain)
    {
        ulong total = 0;
        for (int i = 0; i < chain.ReadableSegments + chain.WritableSegments; i++)
        {
            Segment segment = ring.Burst.Segments[chain.FirstSegment + i];
            ulong offset = (ulong)(segment.Address - region.Address);
            if (offset >= region.Description.Size || segment.Length > region.Description.Size - offset)
                Assert.Fail($"A piece of {segment.Length} bytes lies at offset {offset} of a region of {region.Description.Size}.");
            total += segment.Length;
        }
        Assert.Equal(total, (ulong)chain.ReadableBytes + chain.WritableBytes);
    }
}
