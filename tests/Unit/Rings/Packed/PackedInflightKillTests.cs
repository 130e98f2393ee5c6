using System.Runtime.InteropServices;
using VhostUser.Rings;
using VhostUser.Rings.Packed;
using Xunit;

namespace VhostUser.Tests.Rings.Packed;

/// <summary>
/// A device that keeps a record is abandoned at any moment, also between two stores, and another goes on with the record: each chain is
/// returned exactly once, and those that were in work come again in the order in which they were taken.
/// </summary>
public unsafe class PackedInflightKillTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Killed_at_any_moment_the_next_device_goes_on(bool lifo, bool inOrder)
    {
        for (int seed = 0; seed < 400; seed++) Run(seed, lifo, inOrder);
    }

    private static void Run(int seed, bool lifo, bool inOrder)
    {
        var random = new Random(seed);
        int[] sizes = [1, 2, 3, 4, 5, 8, 13, 16, 64];
        int size = sizes[random.Next(sizes.Length)];
        bool indirect = random.Next(3) == 0;
        int longest = Math.Min(size, random.Next(1, 5));
        using var ring = new PackedTestRing(size, 0x8000 + 64 * 128);
        int bytes = (int)PackedInflight.BytesFor((ushort)size);
        byte* record = (byte*)NativeMemory.AllocZeroed((nuint)bytes);
        try
        {
            var driver = new ReferenceDriver(ring, lifo, inOrder);
            RingFeatures features = PackedTestRing.Features(eventIdx: random.Next(2) == 0, inOrder: inOrder);
            var held = new List<Chain>(); // taken and not returned, as a device that works on several has
            (PackedDeviceQueue device, PackedInflight inflight) = Start(ring, record, size, features);
            for (int step = 0; step < 200; step++)
            {
                string where = $"seed {seed}, step {step}";
                driver.Reap(random.Next(5), where);
                for (int i = random.Next(6); i > 0; i--)
                {
                    int buffers = random.Next(1, longest + 1);
                    bool table = indirect && random.Next(2) == 0;
                    if ((table ? 1 : buffers) <= driver.Room) driver.Add(buffers, table, writable: random.Next(2) == 0);
                }
                int taken = device.Take(ring.Burst, random.Next(1, 9));
                int kept = random.Next(taken + 1);
                for (int i = 0; i < kept; i++) held.Add(ring.Burst.Chains[i]);
                device.Untake(taken - kept);
                int count = random.Next(held.Count + 1);
                if (!inOrder) Shuffle(held, random);
                Chain[] chains = [.. held.Take(count)];
                bool kill = random.Next(3) == 0;
                fixed (Chain* p = chains)
                {
                    if (!kill)
                    {
                        held.RemoveRange(0, count);
                        if (count > 0) device.Return(p, count);
                        continue;
                    }
                    if (count > 0) KillInReturn(ring, device, inflight, record, p, count, inOrder, random);
                }
                held.Clear();
                driver.Reap(random.Next(3), where);
                (device, inflight) = Start(ring, record, size, features, random);
                AssertOldestFirst(ring, device, where);
            }
            Finish(ring, device, driver, held, seed);
        }
        finally
        {
            NativeMemory.Free(record);
        }
    }

    private static (PackedDeviceQueue Device, PackedInflight Inflight) Start(PackedTestRing ring, byte* record, int size, RingFeatures features, Random? random = null)
    {
        var inflight = new PackedInflight(record, (ushort)size, 0, size);
        if (random is not null && !inflight.IsNew && random.Next(2) == 0)
        {
            // The one that recovers ends as well: before the record says nothing any more, or before it counts again.
            byte[] before = new Span<byte>(record, (int)PackedInflight.BytesFor((ushort)size)).ToArray();
            inflight.Recover(ring.Ring);
            if (random.Next(2) == 0) before.CopyTo(new Span<byte>(record, before.Length));
            else *(ushort*)(record + 8) = 0;
            inflight = new PackedInflight(record, (ushort)size, 0, size);
        }
        PackedPosition start = inflight.IsNew ? PackedResume.Find(ring.Ring, PackedPosition.Start.Bits) : inflight.Recover(ring.Ring).Start;
        if (inflight.IsNew) inflight.Begin(start);
        return (ring.Device(features, start, inflight), inflight);
    }

    // Every store of a return in its order, and an end anywhere between them.
    private static void KillInReturn(PackedTestRing ring, PackedDeviceQueue device, PackedInflight inflight, byte* record, Chain* chains, int count, bool inOrder, Random random)
    {
        int descriptors = 0;
        for (int i = 0; i < count; i++) descriptors += chains[i].Descriptors;
        PackedPosition to = device.NextUsed.Plus(descriptors, ring.Ring.Size);
        uint heads = *(uint*)(record + 12);
        ulong places = *(ulong*)(record + 16);
        int step = random.Next(8);
        inflight.BeginBatch(chains, count, device.NextUsed, to);
        if (step <= 1) *(ulong*)(record + 16) = places; // ended before the last, or the last two, of these
        if (step == 0) *(uint*)(record + 12) = heads;
        if (step <= 2) return;
        var burst = new PackedUsedBurst(ring.Ring, device.NextUsed, chains, count, inOrder);
        burst.Begin();
        for (int i = random.Next(count + 1); i > 0; i--) burst.WriteNext();
        if (step == 3) return;
        while (burst.WriteNext()) { }
        burst.Note(EventWish.Enable);
        if (step == 4) return;
        burst.Publish();
        if (step == 5) return;
        ulong before = *(ulong*)(record + 16);
        inflight.EndBatch(random.Next(count + 1), to);
        if (step == 6) *(ulong*)(record + 16) = before;
    }

    private static void AssertOldestFirst(PackedTestRing ring, PackedDeviceQueue device, string where)
    {
        int count = device.Take(ring.Burst, 64);
        var numbers = new uint[count];
        for (int i = 0; i < count; i++) numbers[i] = *(uint*)ring.Burst.Segments[ring.Burst.Chains[i].FirstSegment].Address;
        for (int i = 1; i < count; i++) Assert.True(numbers[i] > numbers[i - 1], $"{where}: chains {string.Join(", ", numbers)} came in this order");
        device.Untake(count);
    }

    private static void Finish(PackedTestRing ring, PackedDeviceQueue device, ReferenceDriver driver, List<Chain> held, int seed)
    {
        fixed (Chain* p = held.ToArray())
        {
            if (held.Count > 0) device.Return(p, held.Count);
        }
        while (device.Take(ring.Burst, 64) is int count and > 0) device.Return(ring.Burst.Chains, count);
        driver.Reap(int.MaxValue, $"seed {seed}, end");
        Assert.True(driver.InFlight == 0, $"seed {seed}: {driver.InFlight} chains are lost");
        Assert.Equal(Enumerable.Range(0, driver.Reaped.Count), driver.Reaped.Select(number => (int)number).Order());
    }

    private static void Shuffle(List<Chain> chains, Random random)
    {
        for (int i = chains.Count - 1; i > 0; i--)
        {
            int other = random.Next(i + 1);
            (chains[i], chains[other]) = (chains[other], chains[i]);
        }
    }
}
