using VhostUser.Rings;
using VhostUser.Rings.Packed;
using Xunit;

namespace VhostUser.Tests.Rings.Packed;

/// <summary>A device is abandoned at any moment, also between two stores of a burst, and another one goes on: nothing lost, nothing used twice.</summary>
public unsafe class PackedResumeTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Killed_at_any_moment_the_next_device_goes_on(bool lifo, bool inOrder)
    {
        for (int seed = 0; seed < 400; seed++) Run(seed, lifo, inOrder);
    }

    private static void Run(int seed, bool lifo, bool inOrder)
    {
        var random = new Random(seed);
        int[] sizes = [1, 2, 3, 4, 5, 8, 13, 16, 64, 100];
        int size = sizes[random.Next(sizes.Length)];
        bool indirect = random.Next(3) == 0;
        int longest = Math.Min(size, random.Next(1, 5));
        using var ring = new PackedTestRing(size, 0x8000 + 64 * 128);
        var driver = new ReferenceDriver(ring, lifo, inOrder);
        RingFeatures features = PackedTestRing.Features(eventIdx: random.Next(2) == 0, inOrder: inOrder);
        uint staleBase = PackedPosition.Start.Bits;
        PackedDeviceQueue device = ring.Device(features, PackedResume.Find(ring.Ring, staleBase));
        var seen = new HashSet<uint>();
        bool writable = random.Next(2) == 0;
        for (int step = 0; step < 300; step++)
        {
            string where = $"seed {seed}, step {step}";
            Drive(driver, random, longest, indirect, writable, where);
            if (random.Next(4) == 0) device.EnableKicks();
            if (random.Next(4) == 0) device.DisableKicks();
            int taken = device.Take(ring.Burst, random.Next(1, 9));
            for (int i = 0; i < taken; i++) ring.Burst.Chains[i].Written = ring.Burst.Chains[i].WritableBytes / 2;
            int kept = random.Next(taken + 1);
            bool kill = random.Next(3) == 0;
            if (!kill)
            {
                See(ring, kept, seen, driver, where);
                device.Return(ring.Burst.Chains, kept);
                device.Untake(taken - kept);
                if (random.Next(50) == 0) staleBase = device.Base;
                continue;
            }
            if (kept > 0)
            {
                See(ring, kept, seen, driver, where);
                KillInReturn(ring, device, kept, inOrder, random);
            }
            // The driver goes on without a device: it takes back what it sees and fills the ring again.
            for (int i = random.Next(3); i > 0; i--) Drive(driver, random, longest, indirect, writable, where);
            device = ring.Device(features, PackedResume.Find(ring.Ring, staleBase));
        }
        Finish(ring, device, driver, seen, seed);
    }

    private static void Drive(ReferenceDriver driver, Random random, int longest, bool indirect, bool writable, string where)
    {
        driver.Reap(random.Next(5), where);
        for (int i = random.Next(6); i > 0; i--)
        {
            int buffers = random.Next(1, longest + 1);
            bool table = indirect && random.Next(2) == 0;
            if ((table ? 1 : buffers) <= driver.Room) driver.Add(buffers, table, writable);
        }
    }

    // Each chain must be the next one, or one that was taken before and not returned.
    private static void See(PackedTestRing ring, int count, HashSet<uint> seen, ReferenceDriver driver, string where)
    {
        for (int i = 0; i < count; i++)
        {
            uint number = *(uint*)ring.Burst.Segments[ring.Burst.Chains[i].FirstSegment].Address;
            Assert.True(number <= seen.Count, $"{where}: chain {number} came, but {seen.Count} should be the next");
            Assert.True(driver.Reaped.Count == 0 || number > driver.Reaped[^1], $"{where}: chain {number} came again after the driver had it back");
            seen.Add(number);
        }
    }

    private static void KillInReturn(PackedTestRing ring, PackedDeviceQueue device, int count, bool inOrder, Random random)
    {
        var burst = new PackedUsedBurst(ring.Ring, device.NextUsed, ring.Burst.Chains, count, inOrder);
        burst.Begin();
        for (int steps = random.Next(count + 1); steps > 0; steps--) burst.WriteNext();
        if (random.Next(2) == 0) return;
        while (burst.WriteNext()) { }
        if (random.Next(3) == 0) return;
        burst.Note(random.Next(2) == 0 ? EventWish.Disable : EventWish.Enable);
        if (random.Next(2) == 0) burst.Publish();
    }

    private static void Finish(PackedTestRing ring, PackedDeviceQueue device, ReferenceDriver driver, HashSet<uint> seen, int seed)
    {
        string where = $"seed {seed}, end";
        while (device.Take(ring.Burst, 64) is int count and > 0)
        {
            See(ring, count, seen, driver, where);
            device.Return(ring.Burst.Chains, count);
        }
        driver.Reap(int.MaxValue, where);
        Assert.True(driver.InFlight == 0, $"{where}: {driver.InFlight} chains are lost");
        Assert.Equal(Enumerable.Range(0, driver.Reaped.Count).Select(i => (uint)i), driver.Reaped);
        Assert.All(driver.Reaped, number => Assert.Contains(number, seen));
    }

    [Fact]
    public void A_fresh_ring_starts_at_its_base_however_full_it_is()
    {
        for (int posted = 0; posted <= 8; posted++)
        {
            using var ring = new PackedTestRing(8);
            var driver = new ReferenceDriver(ring, lifo: false, inOrder: false);
            for (int i = 0; i < posted; i++) driver.Add(1, indirect: false, writable: true);
            Assert.Equal(PackedPosition.Start, PackedResume.Find(ring.Ring, 0x8000_8000));
        }
    }

    [Theory]
    [InlineData(0x8005u, 5, true)]   // where it really is
    [InlineData(0x8000u, 5, true)]   // QEMU's, of long ago
    [InlineData(0x0003u, 5, true)]   // a lap away
    [InlineData(0xffffu, 5, true)]   // no place of this ring
    public void A_ring_of_another_back_end_goes_on_where_its_descriptors_say(uint vringBase, int offset, bool wrap)
    {
        using var ring = new PackedTestRing(8);
        var driver = new ReferenceDriver(ring, lifo: false, inOrder: false);
        for (int i = 0; i < 7; i++) driver.Add(1, indirect: false, writable: false);
        // It used five descriptors and left no marks; a word in its event area means nothing.
        for (int slot = 0; slot < 5; slot++) ring.Ring.StoreTail(slot, new PackedTail(0, (ushort)slot, DescriptorFlags.Available | DescriptorFlags.Used));
        ring.Ring.StoreDeviceEvent(new EventSuppression(new PackedPosition(0, false), EventWish.Disable));
        Assert.Equal(new PackedPosition(offset, wrap), PackedResume.Find(ring.Ring, vringBase));
    }

    [Fact]
    public void A_full_ring_of_which_every_mark_is_overwritten_goes_on_at_the_place_that_was_noted()
    {
        using var ring = new PackedTestRing(8);
        var driver = new ReferenceDriver(ring, lifo: false, inOrder: false);
        PackedDeviceQueue device = ring.Device();
        for (int i = 0; i < 8; i++) driver.Add(1, indirect: false, writable: true);
        Assert.Equal(3, device.Take(ring.Burst, 3));
        device.Return(ring.Burst.Chains, 3);
        driver.Reap(3, "");
        for (int i = 0; i < 3; i++) driver.Add(1, indirect: false, writable: true);
        Assert.Equal(new PackedPosition(3, true), PackedResume.Find(ring.Ring, 0x8000_8000));
    }

    [Fact]
    public void A_burst_cut_short_is_completed_with_nothing_written()
    {
        using var ring = new PackedTestRing(8);
        PackedDriverQueue driver = ring.Driver();
        PackedDeviceQueue device = ring.Device();
        for (int i = 0; i < 4; i++) driver.AddSingle(ring.Buffers, 100, writable: true);
        driver.Publish();
        Assert.Equal(4, device.Take(ring.Burst, 8));
        for (int i = 0; i < 4; i++) ring.Burst.Chains[i].Written = 60;
        var burst = new PackedUsedBurst(ring.Ring, device.NextUsed, ring.Burst.Chains, 4, inOrder: false);
        burst.Begin();
        burst.WriteNext();
        burst.WriteNext();
        Assert.False(driver.HasUsed());
        PackedPosition place = PackedResume.Find(ring.Ring, 0x8000_8000);
        Assert.Equal(new PackedPosition(3, true), place);
        var used = new UsedBuffer[8];
        Assert.Equal(3, driver.Reap(used));
        Assert.All(used[..3], buffer => Assert.Equal(0u, buffer.Written));
        Assert.Equal(1, ring.Device(start: place).Take(ring.Burst, 8));
    }
}
