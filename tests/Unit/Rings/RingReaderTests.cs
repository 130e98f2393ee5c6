using VhostUser.Rings;
using Xunit;
using static VhostUser.Rings.DescriptorFlags;

namespace VhostUser.Tests.Rings;

/// <summary>Photographs of a ring are right for an honest peer and harmless for any other.</summary>
public unsafe class RingReaderTests
{
    [Fact]
    public void A_photograph_shows_chains_states_and_first_bytes()
    {
        using var ring = new TestRing(8);
        ring.Memory.Bytes(ring.Buffers, 4).Fill(0xab);
        ring.Write(0, ring.Buffers, 4, Next, 2).Write(2, ring.Buffers, 2, Write).Write(1, 5, 4).Offer(0, 1);
        VhostUser.Rings.Split.SplitDeviceQueue device = ring.Device();
        Assert.Equal(1, Take(ring, device));
        VringDescriptor[] photo = device.ReadDescriptors();
        Assert.Equal(["InFlight", "Available", "InFlight", "Free"], photo[..4].Select(descriptor => descriptor.State));
        Assert.Equal([0, 1, 0, -1], photo[..4].Select(descriptor => descriptor.Chain));
        Assert.Equal(("abababab", ""), (photo[0].Preview, photo[1].Preview)); // address 5 is in no region
        Assert.Equal((ring.Buffers, 4u, Next, 2), (photo[0].Address, photo[0].Length, photo[0].Flags, photo[0].Next));
        RingIndices indices = device.ReadIndices();
        Assert.Equal((2, 0, 1, 0), (indices.Available, indices.Used, indices.Next, indices.OwnUsed));
    }

    [Fact]
    public void A_photograph_of_a_ring_full_of_the_longest_loops_takes_one_look_at_each_descriptor()
    {
        using var ring = new TestRing(32768, bufferBytes: 4096);
        for (int i = 0; i < 32768; i++) ring.Write(i, ring.Buffers, 1, Next, (i + 1) % 32768);
        ring.Offer(Enumerable.Range(0, 32768).ToArray());
        var clock = System.Diagnostics.Stopwatch.StartNew();
        VringDescriptor[] photo = ring.Device().ReadDescriptors();
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(1), $"it took {clock.Elapsed}"); // a walk per entry takes 2^30 steps
        Assert.All(photo, descriptor => Assert.Equal("Available", descriptor.State));
    }

    [Fact]
    public void A_photograph_of_garbage_is_garbage_and_no_fault()
    {
        var random = new Random(7);
        for (int round = 0; round < 200; round++)
        {
            using var ring = new TestRing(16, bufferBytes: 4096);
            random.NextBytes(ring.Memory.Bytes(TestRing.Guest, (int)ring.Areas.TotalBytes));
            Assert.Equal(16, ring.Device().ReadDescriptors().Length);
        }
    }

    private static int Take(TestRing ring, VhostUser.Rings.Split.SplitDeviceQueue device) => device.Take(ring.Burst, 1);
}
