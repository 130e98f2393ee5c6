using VhostUser.Rings;
using VhostUser.Rings.Split;
using Xunit;

namespace VhostUser.Tests.Rings;

/// <summary>Kicks and calls: who wants which, and that none is lost (virtio 1.3 §2.7.7, §2.7.10).</summary>
public unsafe class NotificationTests
{
    private readonly UsedBuffer[] _used = new UsedBuffer[64];

    [Fact]
    public void Without_event_index_the_flags_suppress_kicks()
    {
        using var ring = new TestRing(8);
        SplitDriverQueue driver = ring.Driver();
        SplitDeviceQueue device = ring.Device();
        Post(driver, ring);
        Assert.True(driver.NeedsKick());
        Assert.False(driver.NeedsKick()); // nothing new since
        device.DisableKicks();
        Assert.Equal(1, ring.Ring.LoadUsedFlags());
        Post(driver, ring);
        Assert.False(driver.NeedsKick());
        Assert.True(device.EnableKicks()); // what came meanwhile is not forgotten
        Assert.Equal(2, device.Take(ring.Burst, 8));
        Assert.False(device.EnableKicks());
        Post(driver, ring);
        Assert.True(driver.NeedsKick());
    }

    [Fact]
    public void Without_event_index_the_flags_suppress_calls()
    {
        using var ring = new TestRing(8);
        SplitDriverQueue driver = ring.Driver();
        SplitDeviceQueue device = ring.Device();
        Assert.Equal(1, ring.Ring.LoadAvailableFlags()); // a driver that polls wants no calls until it says so
        Turn(driver, device, ring);
        Assert.False(device.NeedsCall());
        Assert.True(driver.EnableCalls());
        Assert.Equal(1, driver.Reap(_used));
        Assert.False(driver.EnableCalls());
        Assert.Equal(0, ring.Ring.LoadAvailableFlags());
        Turn(driver, device, ring);
        Assert.True(device.NeedsCall());
        Assert.False(device.NeedsCall());
        driver.DisableCalls();
        Turn(driver, device, ring);
        Assert.False(device.NeedsCall());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void With_NOTIFY_ON_EMPTY_a_legacy_driver_is_called_when_nothing_is_left_whatever_it_wishes(bool eventIdx)
    {
        using var ring = new TestRing(8);
        var features = new RingFeatures(eventIdx, Indirect: false, InOrder: false, Legacy: true, NotifyOnEmpty: true);
        SplitDriverQueue driver = ring.Driver(features);
        SplitDeviceQueue device = ring.Device(features);
        Post(driver, ring);
        Post(driver, ring);
        Assert.Equal(2, device.Take(ring.Burst, 2));
        device.Return(ring.Burst.Chains, 1);
        Assert.False(device.NeedsCall()); // one is still in work
        device.Return(ring.Burst.Chains + 1, 1);
        Assert.True(device.NeedsCall());
        SplitDeviceQueue modern = ring.Device(features with { Legacy = false }, start: 2);
        Post(driver, ring);
        Assert.Equal(1, modern.Take(ring.Burst, 2));
        modern.Return(ring.Burst.Chains, 1);
        Assert.False(modern.NeedsCall()); // the bit means nothing with VERSION_1
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65530)]
    [InlineData(65535)]
    [InlineData(32767)]
    public void With_event_index_one_kick_comes_for_the_entry_that_was_asked_for(int start)
    {
        using TestRing ring = new TestRing(16).StartAt((ushort)start);
        RingFeatures features = TestRing.Features(eventIdx: true);
        (SplitDriverQueue driver, SplitDeviceQueue device) = Started(ring, features, start);
        Assert.False(device.EnableKicks());
        Post(driver, ring);
        Assert.True(driver.NeedsKick());
        for (int i = 0; i < 5; i++)
        {
            Post(driver, ring);
            Assert.False(driver.NeedsKick()); // the wish lies behind
        }
        Assert.Equal(6, device.Take(ring.Burst, 16));
        device.Return(ring.Burst.Chains, 6);
        driver.Reap(_used);
        Assert.False(device.EnableKicks());
        for (int i = 0; i < 3; i++) Post(driver, ring);
        Assert.True(driver.NeedsKick()); // asked once for three: the wish was passed on the way
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65534)]
    public void With_event_index_one_call_comes_for_the_entry_that_was_asked_for(int start)
    {
        using TestRing ring = new TestRing(16).StartAt((ushort)start);
        (SplitDriverQueue driver, SplitDeviceQueue device) = Started(ring, TestRing.Features(eventIdx: true), start);
        Turn(driver, device, ring);
        Assert.False(device.NeedsCall()); // the driver polls
        Assert.True(driver.EnableCalls());
        driver.Reap(_used);
        Assert.False(driver.EnableCalls());
        Turn(driver, device, ring);
        Turn(driver, device, ring);
        Assert.True(device.NeedsCall());
        Turn(driver, device, ring);
        Assert.False(device.NeedsCall()); // one call for what waits is enough
        Assert.Equal(3, driver.Reap(_used)); // takes back and, as calls are wanted, moves the wish along
        Turn(driver, device, ring);
        Assert.True(device.NeedsCall());
        driver.Reap(_used);
        driver.DisableCalls();
        for (int i = 0; i < 40; i++)
        {
            Turn(driver, device, ring);
            Assert.False(device.NeedsCall());
            driver.Reap(_used);
        }
    }

    [Fact]
    public void With_event_index_the_flags_of_a_garbage_peer_play_no_part()
    {
        using var ring = new TestRing(8);
        RingFeatures features = TestRing.Features(eventIdx: true);
        SplitDriverQueue driver = ring.Driver(features);
        SplitDeviceQueue device = ring.Device(features);
        ring.Ring.StoreUsedFlags(0xffff);
        ring.Ring.StoreAvailableFlags(0xffff);
        device.EnableKicks();
        driver.EnableCalls();
        Post(driver, ring);
        Assert.True(driver.NeedsKick());
        device.Take(ring.Burst, 1);
        device.Return(ring.Burst.Chains, 1);
        Assert.True(device.NeedsCall());
    }

    /// <summary>Brings both queues to an index, because a driver always begins at 0.</summary>
    private (SplitDriverQueue, SplitDeviceQueue) Started(TestRing ring, RingFeatures features, int start)
    {
        ring.StartAt(0);
        SplitDriverQueue driver = ring.Driver(features);
        SplitDeviceQueue device = ring.Device(features);
        for (int i = 0; i < start; i++)
        {
            Turn(driver, device, ring);
            driver.Reap(_used);
        }
        driver.NeedsKick();
        device.NeedsCall();
        return (driver, device);
    }

    private static void Post(SplitDriverQueue driver, TestRing ring)
    {
        driver.AddSingle(ring.Buffers, 1, writable: false);
        driver.Publish();
    }

    /// <summary>One buffer there and back, not yet reaped.</summary>
    private static void Turn(SplitDriverQueue driver, SplitDeviceQueue device, TestRing ring)
    {
        Post(driver, ring);
        Assert.Equal(1, device.Take(ring.Burst, 1));
        device.Return(ring.Burst.Chains, 1);
    }
}
