using VhostUser.Rings;
using VhostUser.Rings.Packed;
using Xunit;
using static VhostUser.Rings.DescriptorFlags;

namespace VhostUser.Tests.Rings.Packed;

/// <summary>What both sides leave in the memory of a packed ring, when they notify, and what a driver believes of a device.</summary>
public unsafe class PackedQueueTests
{
    private readonly UsedBuffer[] _used = new UsedBuffer[64];

    [Fact]
    public void Positions_count_laps()
    {
        Assert.Equal(0x8000, PackedPosition.Start.Bits);
        Assert.Equal(new PackedPosition(0, false), new PackedPosition(4, true).Plus(3, 7));
        Assert.Equal(new PackedPosition(2, true), new PackedPosition(2, false).Plus(7, 7));
        Assert.Equal(new PackedPosition(6, false), PackedPosition.Start.Before(7));
        Assert.Equal(new PackedPosition(0x7fff, true), PackedPosition.FromBits(0xffff));
        Assert.Equal(3, new PackedPosition(5, true).DistanceTo(new PackedPosition(1, false), 7));
        Assert.Equal(14, PackedPosition.Start.DistanceTo(PackedPosition.Start, 7));
    }

    [Fact]
    public void Descriptors_carry_the_wrap_counter_of_their_lap()
    {
        using var ring = new PackedTestRing(3);
        PackedDriverQueue driver = ring.Driver();
        PackedDeviceQueue device = ring.Device();
        for (int lap = 0; lap < 4; lap++)
        {
            DescriptorFlags available = lap % 2 == 0 ? Available : Used, used = lap % 2 == 0 ? Available | Used : None;
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal(i, driver.AddSingle(ring.Buffers, 10, writable: true));
                driver.Publish();
                Assert.Equal(new PackedTail(10, (ushort)i, Write | available), ring.Ring.LoadTail(i));
                Assert.Equal(1, device.Take(ring.Burst, 8));
                ring.Burst.Chains[0].Written = 5;
                device.Return(ring.Burst.Chains, 1);
                Assert.Equal(new PackedTail(5, (ushort)i, Write | used), ring.Ring.LoadTail(i));
                Assert.Equal(1, driver.Reap(_used));
                Assert.Equal(new UsedBuffer((ushort)i, 5), _used[0]);
            }
        }
    }

    [Fact]
    public void Nothing_of_a_burst_is_seen_before_its_first_descriptor_is_handed_over()
    {
        using var ring = new PackedTestRing(8);
        PackedDriverQueue driver = ring.Driver();
        PackedDeviceQueue device = ring.Device();
        for (int i = 0; i < 5; i++) driver.AddSingle(ring.Buffers, 10, writable: false);
        Assert.Equal(default, ring.Ring.LoadTail(0));
        Assert.NotEqual(default, ring.Ring.LoadTail(4)); // already written, and behind the first
        Assert.False(device.HasAvailable());
        driver.Publish();
        Assert.Equal(5, device.Take(ring.Burst, 8));
    }

    [Fact]
    public void In_order_one_used_descriptor_stands_for_a_batch_that_was_only_read()
    {
        using var ring = new PackedTestRing(8);
        RingFeatures features = PackedTestRing.Features(inOrder: true);
        PackedDriverQueue driver = ring.Driver(features);
        PackedDeviceQueue device = ring.Device(features);
        driver.TryAdd([new(ring.Buffers, 1), new(ring.Buffers, 2)], [], direct: true, out _);
        for (int i = 0; i < 3; i++) driver.AddSingle(ring.Buffers, 10, writable: false);
        driver.Publish();
        Assert.Equal(4, device.Take(ring.Burst, 8));
        PackedTail second = ring.Ring.LoadTail(2);
        device.Return(ring.Burst.Chains, 4);
        Assert.Equal(new PackedTail(0, 4, Available | Used), ring.Ring.LoadTail(0)); // the last id, in the first place
        Assert.Equal(second, ring.Ring.LoadTail(2));
        Assert.Equal(2, driver.Reap(_used.AsSpan(0, 2))); // less room than the batch needs
        Assert.True(driver.HasUsed());
        Assert.Equal(2, driver.Reap(_used.AsSpan(2)));
        Assert.Equal([0, 2, 3, 4], _used[..4].Select(used => (int)used.Id));
        Assert.Equal(8, driver.Free);
        Assert.False(driver.HasUsed());
    }

    [Fact]
    public void In_order_every_written_chain_has_its_own_used_descriptor()
    {
        using var ring = new PackedTestRing(8);
        RingFeatures features = PackedTestRing.Features(inOrder: true);
        PackedDriverQueue driver = ring.Driver(features);
        PackedDeviceQueue device = ring.Device(features);
        for (int i = 0; i < 3; i++) driver.AddSingle(ring.Buffers, 10, writable: true);
        driver.Publish();
        device.Take(ring.Burst, 8);
        for (int i = 0; i < 3; i++) ring.Burst.Chains[i].Written = (uint)(8 + i);
        device.Return(ring.Burst.Chains, 3);
        Assert.Equal(3, driver.Reap(_used));
        Assert.Equal([8u, 9, 10], _used[..3].Select(used => used.Written));
    }

    [Fact]
    public void A_batch_of_an_in_order_device_counts_what_it_skipped_as_written_to_the_end()
    {
        using var ring = new PackedTestRing(8);
        PackedDriverQueue driver = ring.Driver(PackedTestRing.Features(inOrder: true));
        for (int i = 0; i < 3; i++) driver.AddSingle(ring.Buffers, 100, writable: true);
        driver.Publish();
        ring.Ring.StoreTail(0, new PackedTail(40, 2, Write | Available | Used));
        Assert.Equal(3, driver.Reap(_used));
        Assert.Equal([100u, 100, 40], _used[..3].Select(used => used.Written));
        Assert.Equal(0, driver.Reap(_used));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(8)]
    public void With_event_index_one_kick_and_one_call_come_for_the_place_that_was_asked_for(int size)
    {
        using var ring = new PackedTestRing(size);
        RingFeatures features = PackedTestRing.Features(eventIdx: true);
        PackedDriverQueue driver = ring.Driver(features);
        PackedDeviceQueue device = ring.Device(features);
        for (int round = 0; round < 3 * size; round++)
        {
            Assert.False(device.EnableKicks());
            Assert.Equal(EventWish.Descriptor, ring.Ring.LoadDeviceEvent().Wish);
            Post(driver, ring);
            Assert.True(driver.NeedsKick());
            Post(driver, ring);
            Assert.False(driver.NeedsKick()); // the wish lies behind
            Assert.False(driver.EnableCalls());
            Assert.Equal(2, device.Take(ring.Burst, 8));
            device.DisableKicks();
            Assert.Equal(EventWish.Disable, ring.Ring.LoadDeviceEvent().Wish);
            device.Return(ring.Burst.Chains, 1);
            Assert.True(device.NeedsCall());
            device.Return(ring.Burst.Chains + 1, 1);
            Assert.False(device.NeedsCall()); // one call for what waits is enough
            Assert.Equal(2, driver.Reap(_used));
            driver.DisableCalls();
        }
    }

    [Fact]
    public void Without_event_index_the_flags_suppress_kicks_and_calls()
    {
        using var ring = new PackedTestRing(8);
        PackedDriverQueue driver = ring.Driver();
        PackedDeviceQueue device = ring.Device();
        Assert.Equal(EventWish.Disable, ring.Ring.LoadDriverEvent().Wish); // a driver that polls wants no calls until it says so
        device.DisableKicks();
        Post(driver, ring);
        Assert.False(driver.NeedsKick());
        Assert.True(device.EnableKicks()); // what came meanwhile is not forgotten
        Assert.Equal(1, device.Take(ring.Burst, 8));
        device.Return(ring.Burst.Chains, 1);
        Assert.False(device.NeedsCall());
        Assert.True(driver.EnableCalls());
        Assert.Equal(1, driver.Reap(_used));
        Post(driver, ring);
        Assert.True(driver.NeedsKick());
        device.Take(ring.Burst, 8);
        device.Return(ring.Burst.Chains, 1);
        Assert.True(device.NeedsCall());
        Assert.False(device.NeedsCall()); // nothing new since
    }

    [Theory]
    [InlineData(3u << 16, true)]        // reserved: better one kick too many
    [InlineData(2u << 16 | 5, true)]    // DESC without EVENT_IDX
    [InlineData(0xfffc_0000u, true)]    // reserved bits alone
    [InlineData(1u << 16 | 0xffff, false)]
    public void A_wish_that_means_nothing_does_not_suppress_R_18(uint word, bool kick)
    {
        using var ring = new PackedTestRing(8);
        PackedDriverQueue driver = ring.Driver();
        ring.Ring.StoreDeviceEvent(new EventSuppression(word));
        Post(driver, ring);
        Assert.Equal(kick, driver.NeedsKick());
    }

    [Theory]
    [InlineData(8)]
    [InlineData(0xffff)]
    [InlineData(5)]
    public void A_used_id_that_is_not_in_flight_is_refused_R_16(int id)
    {
        using var ring = new PackedTestRing(8);
        PackedDriverQueue driver = ring.Driver();
        Post(driver, ring);
        ring.Ring.StoreTail(0, new PackedTail(0, (ushort)id, Available | Used));
        Refuses(driver, VhostError.UsedElementInvalid);
        Assert.Equal(7, driver.Free);
    }

    [Fact]
    public void A_used_descriptor_without_any_chain_in_flight_is_refused_R_16()
    {
        using var ring = new PackedTestRing(8);
        PackedDriverQueue driver = ring.Driver();
        driver.AddSingle(ring.Buffers, 10, writable: false); // not published
        ring.Ring.StoreTail(0, new PackedTail(0, 0, Available | Used));
        Refuses(driver, VhostError.UsedIndexInvalid);
    }

    [Fact]
    public void A_length_beyond_the_buffer_is_refused_and_one_without_WRITE_means_nothing_R_16()
    {
        using var ring = new PackedTestRing(8);
        PackedDriverQueue driver = ring.Driver();
        driver.AddSingle(ring.Buffers, 100, writable: true);
        driver.AddSingle(ring.Buffers, 100, writable: true);
        driver.Publish();
        ring.Ring.StoreTail(0, new PackedTail(101, 0, Available | Used));
        Assert.Equal(1, driver.Reap(_used));
        Assert.Equal(0u, _used[0].Written);
        ring.Ring.StoreTail(1, new PackedTail(101, 1, Write | Available | Used));
        Refuses(driver, VhostError.UsedElementInvalid);
    }

    [Fact]
    public void A_photograph_shows_places_wishes_and_the_state_of_every_descriptor()
    {
        using var ring = new PackedTestRing(5);
        PackedDriverQueue driver = ring.Driver();
        PackedDeviceQueue device = ring.Device();
        driver.AddSingle(ring.Buffers, 10, writable: false);
        driver.TryAdd([new(ring.Buffers, 1), new(ring.Buffers, 2)], [], direct: true, out _);
        driver.AddSingle(ring.Buffers, 10, writable: true);
        driver.Publish();
        device.Take(ring.Burst, 2);
        device.Return(ring.Burst.Chains, 1);
        RingIndices view = device.ReadIndices();
        Assert.Equal((3, 1, 2, 1), (view.Available, view.Used, view.Next, view.OwnUsed));
        Assert.Equal((new PackedPosition(3, true), new PackedPosition(1, true)), (view.Packed!.Available, view.Packed.Used));
        VringDescriptor[] descriptors = device.ReadDescriptors();
        Assert.Equal(["Free", "InFlight", "InFlight", "Available", "Free"], descriptors.Select(descriptor => descriptor.State));
        Assert.Equal([-1, 1, 1, 3, -1], descriptors.Select(descriptor => descriptor.Chain));
        Assert.Equal(2, descriptors[1].Next);
        Assert.Equal(3, descriptors[3].Id);
        RingIndices driven = driver.ReadIndices();
        Assert.Equal((3, 1, 3, 0), (driven.Available, driven.Used, driven.Next, driven.OwnUsed));
        Assert.Equal("Disable", driven.Packed!.DriverEvent.ToString());
    }

    private static void Post(PackedDriverQueue driver, PackedTestRing ring)
    {
        driver.AddSingle(ring.Buffers, 10, writable: false);
        driver.Publish();
    }

    private void Refuses(PackedDriverQueue driver, VhostError error)
    {
        var thrown = Assert.Throws<VhostException>(() => driver.Reap(_used));
        Assert.Equal(error, thrown.Error);
        Assert.StartsWith("Ring 0: ", thrown.Message);
    }
}
