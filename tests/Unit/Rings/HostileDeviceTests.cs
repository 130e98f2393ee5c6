using VhostUser.Rings;
using VhostUser.Rings.Split;
using Xunit;

namespace VhostUser.Tests.Rings;

/// <summary>A device that breaks the rules of the used ring gets a typed error; descriptors are freed once or not at all.</summary>
public unsafe class HostileDeviceTests
{
    private readonly UsedBuffer[] _used = new UsedBuffer[64];

    [Theory]
    [InlineData(8u)]
    [InlineData(0x8000u)]
    [InlineData(0x1_0000u)] // the id has 32 bits: its upper half counts too
    [InlineData(0xffff_ffffu)]
    public void An_id_beyond_the_ring_is_refused(uint id)
    {
        using TestRing ring = Posted(8, out SplitDriverQueue driver);
        ring.Complete(id);
        Refuses(driver, VhostError.UsedElementInvalid, "beyond the ring");
        Assert.Equal(8, driver.InFlight);
    }

    [Fact]
    public void An_id_that_is_not_in_flight_is_refused()
    {
        using TestRing ring = Posted(4, out SplitDriverQueue driver);
        ring.Complete(6);
        Refuses(driver, VhostError.UsedElementInvalid, "not in flight");
        Assert.Equal(4, driver.Free);
    }

    [Fact]
    public void An_id_that_is_returned_twice_is_refused_and_freed_once()
    {
        using TestRing ring = Posted(8, out SplitDriverQueue driver);
        ring.Complete(3).Complete(3);
        Refuses(driver, VhostError.UsedElementInvalid, "not in flight");
        Assert.Equal(1, driver.Free);
        Assert.Equal(3, driver.FreeIdAt(0));
    }

    [Fact]
    public void A_descriptor_inside_a_chain_is_not_its_head()
    {
        using var ring = new TestRing(8);
        SplitDriverQueue driver = ring.Driver();
        Assert.True(driver.TryAdd([new(ring.Buffers, 1), new(ring.Buffers, 1)], [new(ring.Buffers, 1)], direct: true, out ushort head));
        driver.Publish();
        ring.Complete((uint)head + 1);
        Refuses(driver, VhostError.UsedElementInvalid, "not in flight");
        Assert.Equal(5, driver.Free);
    }

    [Theory]
    [InlineData(101u)]
    [InlineData(0xffff_ffffu)]
    public void A_length_beyond_the_buffer_is_refused(uint written)
    {
        using TestRing ring = Posted(8, out SplitDriverQueue driver);
        ring.Complete(0, 100).Complete(1, written);
        Refuses(driver, VhostError.UsedElementInvalid, $"{written} bytes");
    }

    [Fact]
    public void A_length_for_a_chain_that_nothing_may_be_written_to_is_refused()
    {
        using var ring = new TestRing(8);
        SplitDriverQueue driver = ring.Driver();
        driver.AddSingle(ring.Buffers, 100, writable: false);
        driver.Publish();
        ring.Complete(0, 1);
        Refuses(driver, VhostError.UsedElementInvalid, "room for 0");
    }

    [Theory]
    [InlineData(5)]
    [InlineData(9)]
    [InlineData(0x8000)]
    [InlineData(0xffff)]
    public void A_used_index_beyond_what_is_in_flight_is_refused(int index)
    {
        using TestRing ring = Posted(4, out SplitDriverQueue driver);
        ring.Ring.StoreUsedIndex((ushort)index);
        Refuses(driver, VhostError.UsedIndexInvalid, index.ToString());
        Assert.Equal(4, driver.InFlight);
    }

    [Fact]
    public void A_chain_that_was_not_published_is_not_in_flight()
    {
        using var ring = new TestRing(8);
        SplitDriverQueue driver = ring.Driver();
        driver.AddSingle(ring.Buffers, 100, writable: true);
        ring.Complete(0, 1);
        Refuses(driver, VhostError.UsedIndexInvalid, "0 chains are in flight");
    }

    [Fact]
    public void What_the_device_writes_over_descriptors_and_entries_is_never_read_back()
    {
        using TestRing ring = Posted(8, out SplitDriverQueue driver);
        new Span<byte>(ring.Ring.Descriptors, 8 * 16).Fill(0xff);
        new Span<ushort>(ring.Ring.AvailableRing, 8).Fill(0xffff);
        for (uint i = 0; i < 8; i++) ring.Complete(7 - i, i);
        Assert.Equal(8, driver.Reap(_used));
        Assert.Equal(Enumerable.Range(0, 8).Select(i => new UsedBuffer((ushort)(7 - i), (uint)i)), _used[..8]);
        Assert.Equal(8, driver.Free);
    }

    [Fact]
    public void Garbage_in_every_used_element_never_breaks_the_free_list()
    {
        var random = new Random(16);
        for (int round = 0; round < 500; round++)
        {
            using var ring = new TestRing(8, bufferBytes: 4096);
            SplitDriverQueue driver = ring.Driver();
            int posted = random.Next(1, 9);
            for (int i = 0; i < posted; i++) driver.AddSingle(ring.Buffers, 100, writable: true);
            driver.Publish();
            for (int i = 0; i < 8; i++) ring.Complete((uint)random.Next(10), (uint)random.Next(110));
            ring.Ring.StoreUsedIndex((ushort)random.Next(0, 10));
            try
            {
                driver.Reap(_used);
            }
            catch (VhostException error)
            {
                Assert.True(error.Error is VhostError.UsedElementInvalid or VhostError.UsedIndexInvalid);
            }
            Assert.Equal(8, driver.Free + driver.InFlight);
            Assert.Equal(driver.Free, Enumerable.Range(0, driver.Free).Select(i => driver.FreeIdAt(i)).Distinct().Count());
        }
    }

    private static TestRing Posted(int count, out SplitDriverQueue driver)
    {
        var ring = new TestRing(8);
        driver = ring.Driver();
        for (int i = 0; i < count; i++) driver.AddSingle(ring.Buffers, 100, writable: true);
        driver.Publish();
        return ring;
    }

    private void Refuses(SplitDriverQueue driver, VhostError error, string text)
    {
        var thrown = Assert.Throws<VhostException>(() => driver.Reap(_used));
        Assert.Equal(error, thrown.Error);
        Assert.Contains(text, thrown.Message);
    }
}
