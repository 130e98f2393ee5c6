using VhostUser.Memory;
using VhostUser.Rings;
using VhostUser.Rings.Split;
using Xunit;

namespace VhostUser.Tests.Rings;

/// <summary>An honest driver and an honest device on one ring.</summary>
public unsafe class SplitRoundTripTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(256)]
    [InlineData(32768)]
    public void A_ring_of_any_size_carries_every_buffer_across_the_index_wrap(int size)
    {
        using var ring = new TestRing(size);
        SplitDriverQueue driver = ring.Driver();
        SplitDeviceQueue device = ring.Device();
        var used = new UsedBuffer[size];
        uint sent = 0, taken = 0, reaped = 0;
        while (reaped < 140_000)
        {
            for (int free = driver.Free; free > 0; free--) driver.AddSingle(ring.Buffers + sent % 1024, 1 + sent++ % 1000, writable: false);
            Assert.Equal(size, driver.InFlight);
            driver.Publish();
            for (int count; (count = device.Take(ring.Burst, ChainBurst.MaxChains)) > 0;)
            {
                for (int i = 0; i < count; i++, taken++)
                {
                    Assert.Equal(1 + taken % 1000, ring.Burst.Chains[i].ReadableBytes);
                    Assert.Equal(1 + taken % 1000, ring.Burst.Segments[ring.Burst.Chains[i].FirstSegment].Length);
                    Assert.True(ring.Burst.Segments[ring.Burst.Chains[i].FirstSegment].Address == ring.Memory.At(ring.Buffers + taken % 1024));
                }
                device.Return(ring.Burst.Chains, count);
            }
            reaped += (uint)driver.Reap(used);
            Assert.Equal(taken, reaped);
        }
        Assert.Equal(sent, reaped);
        Assert.Equal((ushort)sent, device.Base);
        Assert.Equal(0, driver.InFlight);
    }

    [Fact]
    public void Nothing_is_visible_to_the_device_before_it_is_published()
    {
        using var ring = new TestRing(8);
        SplitDriverQueue driver = ring.Driver();
        SplitDeviceQueue device = ring.Device();
        driver.AddSingle(ring.Buffers, 10, writable: false);
        driver.AddSingle(ring.Buffers, 20, writable: true);
        Assert.False(device.HasAvailable());
        Assert.Equal(0, device.Take(ring.Burst, 8));
        driver.Publish();
        Assert.Equal(2, ring.Ring.LoadAvailableIndex());
        Assert.True(device.HasAvailable());
        Assert.Equal(2, device.Take(ring.Burst, 8));
        Assert.False(driver.HasUsed());
        ring.Burst.Chains[1].Written = 7;
        device.Return(ring.Burst.Chains, 2);
        Assert.True(driver.HasUsed());
        Assert.Equal(2, ring.Ring.LoadUsedIndex());
        var used = new UsedBuffer[8];
        Assert.Equal(2, driver.Reap(used));
        Assert.Equal([new UsedBuffer(0, 0), new UsedBuffer(1, 7)], used[..2]);
    }

    [Fact]
    public void Chains_come_in_the_order_in_which_they_were_published_and_go_back_in_any()
    {
        using var ring = new TestRing(8);
        SplitDriverQueue driver = ring.Driver();
        SplitDeviceQueue device = ring.Device();
        for (uint i = 1; i <= 8; i++) driver.AddSingle(ring.Buffers, i, writable: true);
        driver.Publish();
        Assert.Equal(3, device.Take(ring.Burst, 3));
        Chain[] chains = [ring.Burst.Chains[0], ring.Burst.Chains[1], ring.Burst.Chains[2]];
        Assert.Equal([1u, 2u, 3u], chains.Select(chain => chain.WritableBytes));
        Array.Reverse(chains);
        fixed (Chain* reversed = chains) device.Return(reversed, 3);
        var used = new UsedBuffer[8];
        Assert.Equal(3, driver.Reap(used));
        Assert.Equal([2, 1, 0], used[..3].Select(buffer => (int)buffer.Id));
        Assert.Equal(2, driver.FreeIdAt(0)); // first freed, first used again
        Assert.Equal(5, device.Take(ring.Burst, 64));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65533)]
    public void Chains_that_are_given_back_untouched_come_again(int start)
    {
        using TestRing ring = new TestRing(8).StartAt((ushort)start);
        SplitDeviceQueue device = ring.Device(start: (ushort)start);
        for (int i = 0; i < 8; i++) ring.Write(i, ring.Buffers, (uint)i + 1);
        ring.Offer(0, 1, 2, 3, 4, 5, 6, 7);
        Assert.Equal(8, device.Take(ring.Burst, 64));
        device.Untake(6);
        Assert.Equal((ushort)(start + 2), device.Base);
        Assert.Equal(4, device.Take(ring.Burst, 4));
        Assert.Equal([3u, 4u, 5u, 6u], Enumerable.Range(0, 4).Select(i => ring.Burst.Chains[i].ReadableBytes));
        Assert.Equal(2, device.Take(ring.Burst, 4));
        Assert.Equal(8u, ring.Burst.Chains[1].ReadableBytes);
    }

    [Fact]
    public void A_device_goes_on_where_the_used_index_in_memory_stands()
    {
        using TestRing ring = new TestRing(4).StartAt(65535);
        SplitDeviceQueue device = ring.Device(start: 65535);
        ring.Write(2, ring.Buffers, 5).Offer(2);
        Assert.Equal(1, device.Take(ring.Burst, 4));
        device.Return(ring.Burst.Chains, 1);
        Assert.Equal(0, ring.Ring.LoadUsedIndex());
        Assert.Equal(2ul, ring.Ring.UsedRing[65535 & 3]);
    }

    [Fact]
    public void Descriptors_of_a_long_chain_are_all_free_again_and_each_once()
    {
        using var ring = new TestRing(8);
        SplitDriverQueue driver = ring.Driver();
        SplitDeviceQueue device = ring.Device();
        var used = new UsedBuffer[8];
        ChainBuffer[] readable = [new(ring.Buffers, 12), new(ring.Buffers + 100, 50)];
        ChainBuffer[] writable = [new(ring.Buffers + 200, 7)];
        for (int round = 0; round < 1000; round++)
        {
            Assert.True(driver.TryAdd(readable, writable, direct: true, out ushort a));
            Assert.True(driver.TryAdd(readable, [], direct: true, out ushort b));
            Assert.Equal(3, driver.Free);
            Assert.False(driver.TryAdd(readable, [new(ring.Buffers, 1), new(ring.Buffers, 1)], direct: true, out _));
            driver.Publish();
            Assert.Equal(2, device.Take(ring.Burst, 64));
            Assert.Equal([(ring.Buffers, 12u), (ring.Buffers + 100, 50u), (ring.Buffers + 200, 7u)], ring.Pieces(0));
            Assert.Equal((62u, 7u), (ring.Burst.Chains[0].ReadableBytes, ring.Burst.Chains[0].WritableBytes));
            Assert.Equal((a, b), (ring.Burst.Chains[0].Head, ring.Burst.Chains[1].Head));
            device.Return(ring.Burst.Chains, 2);
            Assert.Equal(2, driver.Reap(used));
            Assert.Equal(8, driver.Free);
            Assert.Equal(8, Enumerable.Range(0, 8).Select(i => driver.FreeIdAt(i)).Distinct().Count());
        }
    }

    [Fact]
    public void A_driver_with_indirect_tables_uses_one_descriptor_for_a_chain()
    {
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "tables", Size = 1 << 20, GuestAddress = 0x9000_0000, UserAddress = 0x1_9000_0000 });
        using var ring = new TestRing(4);
        ring.Memory.Table.Add(MemoryRegion.Map(new() { GuestAddress = region.GuestAddress, UserAddress = region.UserAddress, Size = (ulong)region.Size }, region.File, 1));
        var driver = new SplitDriverQueue(ring.Ring, TestRing.Features(), 0, new IndirectTables(region.TryAllocate(IndirectTables.BytesFor(4))!));
        SplitDeviceQueue device = ring.Device();
        var used = new UsedBuffer[4];
        for (int i = 0; i < 4; i++)
            Assert.True(driver.TryAdd([new(ring.Buffers, 10), new(ring.Buffers + 50, (uint)i)], [new(ring.Buffers + 90, 3)], direct: false, out _));
        Assert.Equal(0, driver.Free);
        driver.Publish();
        Assert.Equal(4, device.Take(ring.Burst, 64));
        for (int i = 0; i < 4; i++) Assert.Equal([(ring.Buffers, 10u), (ring.Buffers + 50, (uint)i), (ring.Buffers + 90, 3u)], ring.Pieces(i));
        device.Return(ring.Burst.Chains, 4);
        Assert.Equal(4, driver.Reap(used));
        Assert.Equal(4, driver.Free);
        var tooMany = new ChainBuffer[IndirectTables.Entries + 1];
        Array.Fill(tooMany, new ChainBuffer(ring.Buffers, 1));
        Assert.False(driver.TryAdd(tooMany, [], direct: false, out _)); // neither a table nor the ring holds it
    }
}
