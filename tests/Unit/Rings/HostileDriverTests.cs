using VhostUser.Rings;
using VhostUser.Rings.Split;
using Xunit;
using static VhostUser.Rings.DescriptorFlags;

namespace VhostUser.Tests.Rings;

/// <summary>A driver that breaks the rules gets a typed error that says which, and nothing else happens.</summary>
public unsafe class HostileDriverTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(256)]
    public void A_chain_that_loops_ends_with_an_error_CVE_2019_9547(int length)
    {
        using var ring = new TestRing(256);
        for (int i = 0; i < length; i++) ring.Write(i, ring.Buffers, 1, Next, (i + 1) % length);
        ring.Offer(0);
        Assert.Contains("loops", ring.Refuses(VhostError.DescriptorLoop).Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(16)]
    public void An_indirect_table_that_loops_ends_with_an_error_CVE_2019_14835(int length)
    {
        using var ring = new TestRing(16);
        for (int i = 0; i < length; i++) ring.WriteTable(ring.Buffers, i, ring.Buffers, 1, Next, (i + 1) % length);
        ring.Write(0, ring.Buffers, (uint)length * 16, Indirect).Offer(0);
        ring.Refuses(VhostError.DescriptorLoop);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(0x8000)]
    [InlineData(0xffff)]
    public void A_next_beyond_the_ring_is_refused(int next)
    {
        using var ring = new TestRing(8);
        ring.Write(0, ring.Buffers, 1, Next, next).Offer(0);
        Assert.Contains($"goes on at {next}", ring.Refuses(VhostError.DescriptorIndexInvalid).Message);
    }

    [Fact]
    public void A_next_beyond_the_indirect_table_but_inside_the_ring_is_refused()
    {
        using var ring = new TestRing(8);
        ring.WriteTable(ring.Buffers, 0, ring.Buffers, 1, Next, 2).Write(0, ring.Buffers, 32, Indirect).Offer(0);
        Assert.Contains("the indirect table has 2", ring.Refuses(VhostError.DescriptorIndexInvalid).Message);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(0xffff)]
    public void A_head_beyond_the_ring_is_refused(int head)
    {
        using var ring = new TestRing(8);
        ring.Offer(head);
        ring.Refuses(VhostError.DescriptorIndexInvalid);
    }

    [Theory]
    [InlineData(0, 9)]
    [InlineData(0, 0x8000)]
    [InlineData(0, 0xffff)]
    [InlineData(100, 99)]       // one back
    [InlineData(65530, 65529)]
    [InlineData(65530, 3)]      // 9 ahead across the wrap
    public void An_available_index_that_jumps_is_refused(int start, int index)
    {
        using TestRing ring = new TestRing(8).StartAt((ushort)start);
        SplitDeviceQueue device = ring.Device(start: (ushort)start);
        ring.Ring.StoreAvailableIndex((ushort)index);
        for (int i = 0; i < 3; i++) // again and again: the bad index is never believed
        {
            var error = Assert.Throws<VhostException>(() => device.Take(ring.Burst, 64));
            Assert.Equal(VhostError.AvailableIndexInvalid, error.Error);
            Assert.Contains(index.ToString(), error.Message);
            Assert.Contains(start.ToString(), error.Message);
        }
        Assert.Equal((uint)start, device.Base);
    }

    [Theory]
    [InlineData(0ul, 1u)]
    [InlineData(0ul, 0u)] // CVE-2020-10725: an invalid address with length 0
    [InlineData(ulong.MaxValue, 1u)]
    [InlineData(ulong.MaxValue, uint.MaxValue)]
    [InlineData(ulong.MaxValue - 15, 32u)] // wraps past 2^64
    [InlineData(TestRing.Guest - 1, 1u)]
    [InlineData(TestRing.Guest - 1, 16u)]  // begins before the region
    [InlineData(TestRing.Guest, uint.MaxValue)]
    [InlineData(TestRing.User, 16u)]       // a user address is no guest address
    public void An_address_outside_every_region_is_refused_CVE_2020_10725(ulong address, uint length)
    {
        foreach (DescriptorFlags flags in (DescriptorFlags[])[None, Write])
        {
            using var ring = new TestRing(8);
            ring.Write(0, address, length, flags).Offer(0);
            Assert.Contains($"0x{address:x}", ring.Refuses(VhostError.DescriptorAddressInvalid).Message);
        }
    }

    [Theory]
    [InlineData(0, 1u)]
    [InlineData(-1, 2u)]
    [InlineData(-4096, 8192u)]
    public void A_buffer_that_ends_in_the_gap_behind_a_region_is_refused_CVE_2018_1059(int fromEnd, uint length)
    {
        using var ring = new TestRing(8);
        ring.Write(0, ring.End + (ulong)fromEnd, length).Offer(0);
        ring.Refuses(VhostError.DescriptorAddressInvalid);
    }

    [Fact]
    public void A_readable_buffer_behind_a_writable_one_is_refused()
    {
        using var ring = new TestRing(8);
        ring.Write(0, ring.Buffers, 8, Write | Next, 1).Write(1, ring.Buffers, 8).Offer(0);
        ring.Refuses(VhostError.DescriptorFlagsInvalid);
        using var empty = new TestRing(8); // also behind one of no length
        empty.Write(0, empty.Buffers, 0, Write | Next, 1).Write(1, empty.Buffers, 8).Offer(0);
        empty.Refuses(VhostError.DescriptorFlagsInvalid);
    }

    [Fact]
    public void A_chain_of_4_GiB_is_refused_and_one_byte_less_is_not()
    {
        const ulong big = 1 << 30;
        using var ring = new TestRing(8, bufferBytes: big); // sparse: nothing is touched
        for (int i = 0; i < 4; i++) ring.Write(i, ring.Buffers, (uint)big, i < 3 ? Next : None, i + 1);
        ring.Offer(0);
        ring.Refuses(VhostError.ChainTooLong);
        ring.Write(2, ring.Buffers, (uint)big - 1, Next, 3);
        Assert.Equal(1, ring.Device().Take(ring.Burst, 1));
        Assert.Equal(uint.MaxValue, ring.Burst.Chains[0].ReadableBytes);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(15u)]
    [InlineData(40u)]
    [InlineData(16u * 9)]      // more than the ring has
    [InlineData(16u * 65536)]
    [InlineData(0xfffffff0u)]
    public void An_indirect_table_of_a_wrong_length_is_refused(uint length)
    {
        using var ring = new TestRing(8);
        ring.Write(0, ring.Buffers, length, Indirect).Offer(0);
        Assert.Contains($"{length} bytes", ring.Refuses(VhostError.IndirectTableInvalid).Message);
    }

    [Fact]
    public void An_indirect_table_that_crosses_regions_is_refused()
    {
        using var ring = new TestRing(8);
        using VhostUser.Interop.FileDescriptor file = GuestMemory.CreateMemfd(4096);
        ring.Memory.Table.Add(VhostUser.Memory.MemoryRegion.Map(new() { GuestAddress = ring.End, UserAddress = 0x1000, Size = 4096 }, file, 1));
        ring.WriteTable(ring.End - 16, 0, ring.Buffers, 1);
        ring.Write(0, ring.End - 16, 32, Indirect).Offer(0);
        Assert.Contains("not inside one region", ring.Refuses(VhostError.IndirectTableInvalid).Message);
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(ulong.MaxValue - 15)]
    [InlineData(TestRing.Guest - 16)]
    public void An_indirect_table_outside_memory_is_refused(ulong address)
    {
        using var ring = new TestRing(8);
        ring.Write(0, address, 32, Indirect).Offer(0);
        ring.Refuses(VhostError.IndirectTableInvalid);
    }

    [Fact]
    public void An_indirect_table_in_a_table_is_refused()
    {
        using var ring = new TestRing(8);
        ring.WriteTable(ring.Buffers, 0, ring.Buffers, 16, Indirect).Write(0, ring.Buffers, 16, Indirect).Offer(0);
        Assert.Contains("inside another table", ring.Refuses(VhostError.IndirectTableInvalid).Message);
    }

    [Fact]
    public void An_indirect_descriptor_with_next_is_refused()
    {
        using var ring = new TestRing(8);
        ring.WriteTable(ring.Buffers, 0, ring.Buffers, 16).Write(0, ring.Buffers, 16, Indirect | Next, 1).Write(1, ring.Buffers, 1).Offer(0);
        Assert.Contains("NEXT", ring.Refuses(VhostError.IndirectTableInvalid).Message);
    }

    [Fact]
    public void An_indirect_descriptor_that_was_not_negotiated_is_refused()
    {
        using var ring = new TestRing(8);
        ring.WriteTable(ring.Buffers, 0, ring.Buffers, 16).Write(0, ring.Buffers, 16, Indirect).Offer(0);
        Assert.Contains("not negotiated", ring.Refuses(VhostError.IndirectTableInvalid, TestRing.Features(indirect: false)).Message);
    }

    [Fact]
    public void Unknown_flags_are_ignored()
    {
        using var ring = new TestRing(8);
        ring.Write(0, ring.Buffers, 9, (DescriptorFlags)0xfff8).Offer(0);
        Assert.Equal(1, ring.Device().Take(ring.Burst, 8));
        Assert.Equal(9u, ring.Burst.Chains[0].ReadableBytes);
    }
}
