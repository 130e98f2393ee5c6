using VhostUser.Rings;
using VhostUser.Rings.Packed;
using VhostUser.Rings.Split;
using VhostUser.Tests.Rings.Packed;
using Xunit;

namespace VhostUser.Tests.Rings;

/// <summary>A device that keeps no records is lost, and the next one goes on where the driver says: every chain is worked, none is worked after it was used.</summary>
public unsafe class ResubmitTests
{
    private readonly UsedBuffer[] _used = new UsedBuffer[64];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Chains_that_a_device_skipped_come_to_the_next_one(bool inOrder)
    {
        for (int seed = 0; seed < 300; seed++) Run(seed, inOrder);
    }

    [Fact]
    public void A_device_that_returned_a_chain_twice_leaves_the_ring_as_it_is_and_is_refused_later()
    {
        using var ring = new TestRing(8);
        SplitDriverQueue driver = ring.Driver();
        for (int i = 0; i < 3; i++) driver.AddSingle(ring.Buffers, 16, writable: false);
        driver.Publish();
        ring.Complete(1).Complete(1);
        driver.Resubmit();
        Assert.Equal(3, ring.Device(start: (ushort)(driver.ResumeBase - 2)).Take(ring.Burst, 8));
        Assert.Equal([0, 1, 2], Chains(ring, 3).ToArray().Select(chain => (int)chain.Head));
        Assert.Equal(VhostError.UsedElementInvalid, Assert.Throws<VhostException>(() => driver.Reap(_used)).Error);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_packed_ring_goes_on_behind_what_was_used_and_not_yet_taken_back(bool inOrder)
    {
        for (int reaped = 0; reaped <= 5; reaped++)
        {
            using var ring = new PackedTestRing(8);
            RingFeatures features = PackedTestRing.Features(inOrder: inOrder);
            PackedDriverQueue driver = ring.Driver(features);
            PackedDeviceQueue device = ring.Device(features);
            for (int lap = 0; lap < 3; lap++)
            {
                for (int i = 0; i < 8; i++) driver.AddSingle(ring.Buffers, 16, writable: false);
                driver.Publish();
                Assert.Equal(8, device.Take(ring.Burst, 8));
                device.Return(ring.Burst.Chains, 5); // and three are lost in its memory
                Assert.Equal(reaped, driver.Reap(_used.AsSpan(0, reaped)));
                device = ring.Device(features, PackedPosition.FromBits(driver.ResumeBase & 0xffff));
                Assert.Equal(driver.ResumeBase >> 16, driver.ResumeBase & 0xffff);
                Assert.Equal(3, device.Take(ring.Burst, 8));
                device.Return(ring.Burst.Chains, 3);
                Assert.Equal(8 - reaped, driver.Reap(_used));
            }
        }
    }

    private static Span<Chain> Chains(TestRing ring, int count) => new(ring.Burst.Chains, count);

    private void Run(int seed, bool inOrder)
    {
        var random = new Random(seed);
        using var ring = new TestRing(1 << random.Next(1, 5));
        RingFeatures features = TestRing.Features(inOrder: inOrder);
        SplitDriverQueue driver = ring.Driver(features);
        SplitDeviceQueue device = ring.Device(features);
        var inFlight = new HashSet<int>();
        int returned = 0, reaped = 0;
        for (int step = 0; step < 200; step++)
        {
            while (driver.Free > 0 && random.Next(4) > 0)
                Assert.True(inFlight.Add(driver.AddSingle(ring.Buffers, 16, writable: false)));
            driver.Publish();
            int taken = device.Take(ring.Burst, random.Next(1, 9));
            foreach (Chain chain in Chains(ring, taken)) Assert.Contains(chain.Head, inFlight);
            if (!inOrder) random.Shuffle(Chains(ring, taken));
            int kept = random.Next(taken + 1);
            foreach (Chain chain in Chains(ring, kept)) Assert.True(inFlight.Remove(chain.Head), $"seed {seed}, step {step}: chain {chain.Head} was used twice");
            device.Return(ring.Burst.Chains, kept);
            returned += kept;
            if (random.Next(2) == 0) reaped += driver.Reap(_used.AsSpan(0, random.Next(1, 9)));
            // What it took and did not return is lost with it.
            driver.Resubmit();
            device = ring.Device(features, (ushort)driver.ResumeBase);
        }
        for (int taken; (taken = device.Take(ring.Burst, 8)) > 0; returned += taken)
        {
            foreach (Chain chain in Chains(ring, taken)) Assert.True(inFlight.Remove(chain.Head));
            device.Return(ring.Burst.Chains, taken);
        }
        Assert.Empty(inFlight);
        for (int count; (count = driver.Reap(_used)) > 0;) reaped += count;
        Assert.Equal((returned, 0), (reaped, driver.InFlight));
    }
}
