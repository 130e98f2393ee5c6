using VhostUser.Rings;
using VhostUser.Rings.Split;
using Xunit;
using static VhostUser.Rings.DescriptorFlags;

namespace VhostUser.Tests.Rings;

/// <summary>Chains of every permitted shape come out as the right pieces of memory.</summary>
public unsafe class ChainWalkerTests
{
    [Fact]
    public void A_chain_follows_next_in_any_order_of_descriptors()
    {
        using var ring = new TestRing(8);
        ring.Write(5, ring.Buffers, 10, Next, 0).Write(0, ring.Buffers + 64, 20, Next, 7).Write(7, ring.Buffers + 128, 30, Write).Offer(5);
        Chain chain = TakeOne(ring);
        Assert.Equal((5, 2, 1), (chain.Head, chain.ReadableSegments, chain.WritableSegments));
        Assert.Equal((30u, 30u), (chain.ReadableBytes, chain.WritableBytes));
        Assert.Equal([(ring.Buffers, 10u), (ring.Buffers + 64, 20u), (ring.Buffers + 128, 30u)], ring.Pieces(0));
    }

    [Fact]
    public void Next_of_the_last_descriptor_means_nothing()
    {
        using var ring = new TestRing(8);
        ring.Write(0, ring.Buffers, 10, None, next: 60_000).Write(1, ring.Buffers, 10, Next, 0).Offer(0, 1);
        Assert.Equal(2, ring.Device().Take(ring.Burst, 8));
        Assert.Equal((1, 2), (ring.Burst.Chains[0].ReadableSegments, ring.Burst.Chains[1].ReadableSegments));
    }

    [Fact]
    public void A_chain_as_long_as_the_ring_is_no_loop()
    {
        using var ring = new TestRing(256);
        for (int i = 0; i < 256; i++) ring.Write(i, ring.Buffers + (ulong)i, 1, i < 255 ? Next : None, i + 1);
        ring.Offer(0);
        Chain chain = TakeOne(ring);
        Assert.Equal((256, 256u), (chain.ReadableSegments, chain.ReadableBytes));
    }

    [Theory]
    [InlineData(None)]
    [InlineData(Write)] // virtio 1.3 §2.7.5.3.2: the device ignores WRITE beside INDIRECT
    public void An_indirect_table_is_the_chain(DescriptorFlags extra)
    {
        using var ring = new TestRing(8);
        ulong table = ring.Buffers + 4096 + 8; // a table needs no alignment
        ring.WriteTable(table, 0, ring.Buffers, 12, Next, 2).WriteTable(table, 2, ring.Buffers + 100, 60, Next, 1).WriteTable(table, 1, ring.Buffers + 200, 5, Write);
        ring.Write(3, table, 48, Indirect | extra).Offer(3);
        Chain chain = TakeOne(ring);
        Assert.Equal((3, 72u, 5u), (chain.Head, chain.ReadableBytes, chain.WritableBytes));
        Assert.Equal([(ring.Buffers, 12u), (ring.Buffers + 100, 60u), (ring.Buffers + 200, 5u)], ring.Pieces(0));
    }

    [Fact]
    public void An_indirect_table_may_end_a_direct_chain()
    {
        using var ring = new TestRing(8);
        ulong table = ring.Buffers + 4096;
        ring.WriteTable(table, 0, ring.Buffers + 100, 60, Next, 1).WriteTable(table, 1, ring.Buffers + 200, 5);
        ring.Write(0, ring.Buffers, 12, Next, 4).Write(4, table, 32, Indirect).Offer(0);
        Assert.Equal(77u, TakeOne(ring).ReadableBytes);
        Assert.Equal([(ring.Buffers, 12u), (ring.Buffers + 100, 60u), (ring.Buffers + 200, 5u)], ring.Pieces(0));
    }

    [Fact]
    public void A_table_as_long_as_the_ring_is_taken()
    {
        using var ring = new TestRing(16);
        ulong table = ring.Buffers + 4096;
        for (int i = 0; i < 16; i++) ring.WriteTable(table, i, ring.Buffers, 2, i < 15 ? Next : None, i + 1);
        ring.Write(0, table, 16 * 16, Indirect).Offer(0);
        Assert.Equal(32u, TakeOne(ring).ReadableBytes);
    }

    [Fact]
    public void A_buffer_across_adjacent_regions_is_split_CVE_2018_1059()
    {
        using var ring = new TestRing(8);
        ring.Memory.Table.Add(Region(ring.End, 4096));
        ring.Memory.Table.Add(Region(ring.End + 4096, 4096));
        ring.Write(0, ring.End - 10, 4096 + 30).Offer(0);
        Chain chain = TakeOne(ring);
        Assert.Equal((3, 4126u), (chain.ReadableSegments, chain.ReadableBytes));
        Assert.Equal([(ring.End - 10, 10u), (ring.End, 4096u), (ring.End + 4096, 20u)], ring.Pieces(0));
    }

    [Fact]
    public void Single_descriptors_in_another_region_are_found()
    {
        using var ring = new TestRing(8);
        ring.Memory.Table.Add(Region(0x9_0000_0000, 8192));
        ring.Write(0, 0x9_0000_0010, 100, Write).Write(1, ring.Buffers, 50).Write(2, 0x9_0000_0000, 8192).Offer(0, 1, 2);
        Assert.Equal(3, ring.Device().Take(ring.Burst, 8));
        Assert.Equal([(0x9_0000_0010ul, 100u)], ring.Pieces(0));
        Assert.Equal([(ring.Buffers, 50u)], ring.Pieces(1));
        Assert.Equal([(0x9_0000_0000ul, 8192u)], ring.Pieces(2));
    }

    [Fact]
    public void Empty_buffers_inside_a_region_are_part_of_the_chain()
    {
        using var ring = new TestRing(8);
        ring.Write(0, ring.Buffers, 0, Next, 1).Write(1, ring.Buffers, 7, Next, 2).Write(2, ring.Buffers, 0, Write).Offer(0);
        Chain chain = TakeOne(ring);
        Assert.Equal((7u, 0u, 2, 1), (chain.ReadableBytes, chain.WritableBytes, chain.ReadableSegments, chain.WritableSegments));
    }

    [Fact]
    public void A_burst_without_room_for_a_chain_leaves_it_for_the_next()
    {
        using var ring = new TestRing(1024, bufferBytes: 1 << 20);
        int perChain = 700;
        ulong table = ring.Buffers + 65536;
        for (int i = 0; i < perChain; i++) ring.WriteTable(table, i, ring.Buffers, 1, i < perChain - 1 ? Next : None, i + 1);
        for (int i = 0; i < 10; i++) ring.Write(i, table, 16 * 700, Indirect).Offer(i);
        SplitDeviceQueue device = ring.Device();
        int total = 0;
        for (int count; (count = device.Take(ring.Burst, 64)) > 0; total += count)
        {
            Assert.InRange(count * perChain, 1, ring.Burst.SegmentCapacity);
            for (int i = 0; i < count; i++) Assert.Equal((total + i, 700u), (ring.Burst.Chains[i].Head, ring.Burst.Chains[i].ReadableBytes));
        }
        Assert.Equal(10, total);
    }

    [Fact]
    public void A_chain_of_more_pieces_than_can_be_counted_is_refused()
    {
        using var ring = new TestRing(32768);
        ring.Memory.Table.Add(Region(ring.End, 4096));
        // Every buffer crosses into the next region: 65536 pieces, one more than 16 bits count.
        for (int i = 0; i < 32768; i++) ring.Write(i, ring.End - 1, 2, i < 32767 ? Next : None, i + 1);
        ring.Offer(0);
        ring.Refuses(VhostError.ChainTooLong);
    }

    private static VhostUser.Memory.MemoryRegion Region(ulong guest, ulong size)
    {
        using VhostUser.Interop.FileDescriptor file = GuestMemory.CreateMemfd((long)size);
        return VhostUser.Memory.MemoryRegion.Map(new() { GuestAddress = guest, UserAddress = guest + 0x1000_0000_0000, Size = size }, file, 1);
    }

    private static Chain TakeOne(TestRing ring)
    {
        Assert.Equal(1, ring.Device().Take(ring.Burst, 8));
        return ring.Burst.Chains[0];
    }
}
