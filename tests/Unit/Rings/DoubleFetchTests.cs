using VhostUser.Memory;
using VhostUser.Rings;
using VhostUser.Rings.Split;
using Xunit;
using static VhostUser.Rings.DescriptorFlags;

namespace VhostUser.Tests.Rings;

/// <summary>A driver that changes descriptors while they are read (CVE-2020-14374 and its kin): what is used is what was checked.</summary>
public unsafe class DoubleFetchTests
{
    // Short here; VHOST_RACE_SECONDS=10 for a long run.
    private static readonly TimeSpan _duration = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("VHOST_RACE_SECONDS") ?? "1", System.Globalization.CultureInfo.InvariantCulture));

    [Fact]
    public void Descriptors_that_flip_between_reads_never_lead_outside_memory_CVE_2020_14374()
    {
        using var ring = new TestRing(8);
        ulong table = ring.Buffers + 4096;
        SplitDescriptor[] values =
        [
            new() { Address = ring.Buffers, Length = 64 },
            new() { Address = ring.Buffers, Length = uint.MaxValue },
            new() { Address = ulong.MaxValue - 63, Length = 64, Flags = Write },
            new() { Address = ring.Buffers, Length = 16, Flags = Next, Next = 1 },
            new() { Address = ring.Buffers, Length = 16, Flags = Next, Next = 0xffff },
            new() { Address = table, Length = 64, Flags = Indirect },
            new() { Address = table, Length = 0x1000_0000, Flags = Indirect },
            new() { Address = ring.End - 8, Length = 9 },
        ];
        using var stop = new CancellationTokenSource(_duration);
        var attacker = new Thread(() =>
        {
            var random = new Random(15);
            while (!stop.IsCancellationRequested)
            {
                for (int i = 0; i < 1000; i++)
                {
                    int which = random.Next(12);
                    SplitDescriptor* target = which < 8 ? ring.Ring.Descriptors + which : (SplitDescriptor*)ring.Memory.At(table) + (which - 8);
                    SplitDescriptor value = values[random.Next(values.Length)];
                    // Field by field: a reader meets every mixture.
                    Volatile.Write(ref target->Length, value.Length);
                    Volatile.Write(ref *(ushort*)&target->Flags, (ushort)value.Flags);
                    Volatile.Write(ref target->Address, value.Address);
                    Volatile.Write(ref target->Next, value.Next);
                }
            }
        });
        attacker.Start();
        int taken = 0, refused = 0;
        SplitDeviceQueue device = ring.Device();
        ring.Offer(0, 1, 2, 3, 4, 5, 6, 7);
        MemoryRegion region = ring.Memory.Table.Regions[0];
        while (!stop.IsCancellationRequested)
        {
            try
            {
                int count = device.Take(ring.Burst, 1); // always the same entry: it is good and bad in turns
                AssertInside(ring, region, ring.Burst.Chains[0]);
                device.Untake(count);
                taken += count;
            }
            catch (VhostException)
            {
                refused++;
            }
        }
        attacker.Join();
        Assert.True(taken > 0 && refused > 0, $"taken {taken}, refused {refused}: the two threads did not meet.");
    }

    [Fact]
    public void An_available_index_and_entries_that_flip_are_never_believed_beyond_the_ring()
    {
        using var ring = new TestRing(8);
        for (int i = 0; i < 8; i++) ring.Write(i, ring.Buffers, 64);
        using var stop = new CancellationTokenSource(_duration);
        var attacker = new Thread(() =>
        {
            var random = new Random(16);
            while (!stop.IsCancellationRequested)
            {
                ring.Ring.StoreAvailableIndex((ushort)random.Next(-4, 20));
                Volatile.Write(ref ring.Ring.AvailableRing[random.Next(8)], (ushort)random.Next(10));
            }
        });
        attacker.Start();
        MemoryRegion region = ring.Memory.Table.Regions[0];
        long rounds = 0;
        while (!stop.IsCancellationRequested)
        {
            SplitDeviceQueue device = ring.Device();
            try
            {
                for (int i = 0; i < 4; i++)
                {
                    int count = device.Take(ring.Burst, 8);
                    Assert.InRange(count, 0, 8);
                    for (int c = 0; c < count; c++) AssertInside(ring, region, ring.Burst.Chains[c]);
                }
            }
            catch (VhostException error)
            {
                Assert.True(error.Error is VhostError.AvailableIndexInvalid or VhostError.DescriptorIndexInvalid, error.Message);
            }
            rounds++;
        }
        attacker.Join();
        Assert.NotEqual(0, rounds);
    }

    private static void AssertInside(TestRing ring, MemoryRegion region, Chain chain)
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
