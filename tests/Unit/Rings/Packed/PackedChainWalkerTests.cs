using VhostUser.Memory;
using VhostUser.Rings;
using VhostUser.Rings.Packed;
using Xunit;
using static VhostUser.Rings.DescriptorFlags;

namespace VhostUser.Tests.Rings.Packed;

/// <summary>What a packed chain may be, and that everything else is refused by name before it is followed (virtio 1.3 §2.8).</summary>
public unsafe class PackedChainWalkerTests
{
    [Fact]
    public void A_chain_goes_on_at_the_next_place_and_its_last_descriptor_has_the_id()
    {
        using var ring = new PackedTestRing(4);
        ring.Offer(0, ring.Buffers, 10, 77, Next).Offer(1, ring.Buffers + 100, 20, 88, Next | Write).Offer(2, ring.Buffers + 200, 30, 3, Write);
        Assert.Equal(1, ring.Device().Take(ring.Burst, 8));
        Chain chain = ring.Burst.Chains[0];
        Assert.Equal((3, 3, 10u, 50u), ((int)chain.Head, (int)chain.Descriptors, chain.ReadableBytes, chain.WritableBytes));
        Assert.Equal((1, 2), ((int)chain.ReadableSegments, (int)chain.WritableSegments));
    }

    [Fact]
    public void A_chain_across_the_end_of_the_ring_changes_its_wrap_counter()
    {
        using var ring = new PackedTestRing(5);
        ring.Offer(4, ring.Buffers, 10, 0, Next);
        ring.Write(0, ring.Buffers, 11, 2, Used);
        PackedDeviceQueue device = ring.Device(start: new PackedPosition(4, true));
        Assert.Equal(1, device.Take(ring.Burst, 8));
        Assert.Equal(0x0001u, device.Base & 0xffff);
        device.Return(ring.Burst.Chains, 1);
        Assert.Equal(new PackedTail(0, 2, Available | Used), ring.Ring.LoadTail(4));
        Assert.Equal(0x0001_0001u, device.Base);
    }

    [Theory]
    [InlineData(None)]
    [InlineData(Used)]
    [InlineData(Available | Used)]
    public void A_chain_that_goes_on_at_a_descriptor_that_is_not_available_is_refused_R_17(DescriptorFlags owner)
    {
        using var ring = new PackedTestRing(4);
        ring.Offer(0, ring.Buffers, 10, 0, Next).Write(1, ring.Buffers, 10, 1, owner);
        Assert.Contains("wrap counter 1", ring.Refuses(VhostError.DescriptorFlagsInvalid).Message);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(0xffff)]
    public void A_buffer_id_beyond_the_ring_is_refused_R_17(int id)
    {
        using var ring = new PackedTestRing(4);
        ring.Offer(0, ring.Buffers, 10, id);
        Assert.Contains($"buffer id {id}", ring.Refuses(VhostError.DescriptorIndexInvalid).Message);
    }

    [Fact]
    public void A_chain_without_an_end_is_refused_R_17()
    {
        using var ring = new PackedTestRing(3);
        for (int i = 0; i < 3; i++) ring.Offer(i, ring.Buffers, 10, i, Next);
        ring.Refuses(VhostError.DescriptorLoop);
    }

    [Fact]
    public void A_chain_longer_than_what_the_driver_can_have_is_refused()
    {
        using var ring = new PackedTestRing(4);
        for (int i = 0; i < 3; i++) ring.Offer(i, ring.Buffers, 10, i);
        PackedDeviceQueue device = ring.Device();
        Assert.Equal(3, device.Take(ring.Burst, 8));
        ring.Offer(3, ring.Buffers, 10, 3, Next).Write(0, ring.Buffers, 10, 0, Used); // descriptor 0 was not returned
        var thrown = Assert.Throws<VhostException>(() => device.Take(ring.Burst, 8));
        Assert.Equal(VhostError.DescriptorLoop, thrown.Error);
    }

    [Fact]
    public void Descriptors_that_were_not_returned_are_not_taken_again()
    {
        using var ring = new PackedTestRing(4);
        PackedDeviceQueue device = ring.Device();
        for (int i = 0; i < 4; i++) ring.Offer(i, ring.Buffers, 10, i);
        Assert.Equal(4, device.Take(ring.Burst, 8));
        for (int i = 0; i < 4; i++) ring.Write(i, ring.Buffers, 10, (ushort)i, Used);
        Assert.False(device.HasAvailable());
        Assert.Equal(0, device.Take(ring.Burst, 8));
    }

    [Fact]
    public void A_readable_buffer_behind_a_writable_one_is_refused_R_13()
    {
        using var ring = new PackedTestRing(4);
        ring.Offer(0, ring.Buffers, 10, 0, Next | Write).Offer(1, ring.Buffers, 10, 0);
        ring.Refuses(VhostError.DescriptorFlagsInvalid);
    }

    [Theory]
    [InlineData(0ul, 16u)]
    [InlineData(ulong.MaxValue - 7, 16u)]
    [InlineData(ulong.MaxValue, 0u)] // CVE-2020-10725: a length of 0 makes a wrong address no better
    [InlineData(PackedTestRing.Guest, uint.MaxValue)]
    public void An_address_outside_memory_is_refused_R_10(ulong address, uint length)
    {
        using var ring = new PackedTestRing(4);
        ring.Offer(0, address, length, 0);
        ring.Refuses(VhostError.DescriptorAddressInvalid);
    }

    [Fact]
    public void Buffers_of_4_GiB_together_are_refused_R_11()
    {
        using var ring = new PackedTestRing(4, bufferBytes: 0xC000_0000);
        ring.Offer(0, ring.Buffers, 0xB000_0000, 0, Next).Offer(1, ring.Buffers, 0xB000_0000, 0);
        ring.Refuses(VhostError.ChainTooLong);
    }

    [Fact]
    public void Of_an_indirect_table_only_address_length_and_WRITE_count()
    {
        using var ring = new PackedTestRing(4);
        ulong table = ring.Buffers + 4096;
        ring.WriteTable(table, 0, ring.Buffers, 10, 0xffff, Next | Available).WriteTable(table, 1, ring.Buffers + 64, 20, 9, Write | Used);
        ring.Offer(0, table, 32, 3, Indirect | Write);
        PackedDeviceQueue device = ring.Device();
        Assert.Equal(1, device.Take(ring.Burst, 8));
        Chain chain = ring.Burst.Chains[0];
        Assert.Equal((3, 1, 10u, 20u), ((int)chain.Head, (int)chain.Descriptors, chain.ReadableBytes, chain.WritableBytes));
        Segment second = ring.Burst.Segments[1];
        Assert.True(second.Address == ring.Memory.At(ring.Buffers + 64) && second.Length == 20);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(8u)]
    [InlineData(17u)]
    [InlineData(80u)] // five descriptors in a ring of four
    [InlineData(0xffff_fff0u)]
    public void A_table_of_an_impossible_length_is_refused_R_9(uint length)
    {
        using var ring = new PackedTestRing(4);
        ring.Offer(0, ring.Buffers, length, 0, Indirect);
        ring.Refuses(VhostError.IndirectTableInvalid);
    }

    [Fact]
    public void A_table_inside_a_table_is_refused_R_9()
    {
        using var ring = new PackedTestRing(4);
        ring.WriteTable(ring.Buffers, 0, ring.Buffers, 16, 0, Indirect).Offer(0, ring.Buffers, 16, 0, Indirect);
        Assert.Contains("another table", ring.Refuses(VhostError.IndirectTableInvalid).Message);
    }

    [Fact]
    public void INDIRECT_with_NEXT_and_a_table_at_a_chain_s_end_are_refused_R_9()
    {
        using var ring = new PackedTestRing(4);
        ring.WriteTable(ring.Buffers, 0, ring.Buffers, 16).Offer(0, ring.Buffers, 16, 0, Indirect | Next).Offer(1, ring.Buffers, 16, 0);
        Assert.Contains("linked", ring.Refuses(VhostError.IndirectTableInvalid).Message);
        ring.Offer(0, ring.Buffers, 16, 0, Next).Offer(1, ring.Buffers, 16, 0, Indirect);
        Assert.Contains("linked", ring.Refuses(VhostError.IndirectTableInvalid).Message);
    }

    [Fact]
    public void A_table_outside_memory_or_without_the_feature_is_refused_R_9()
    {
        using var ring = new PackedTestRing(4);
        ring.Offer(0, ring.End - 8, 16, 0, Indirect);
        Assert.Contains("not inside one region", ring.Refuses(VhostError.IndirectTableInvalid).Message);
        ring.Offer(0, ring.Buffers, 16, 0, Indirect);
        Assert.Contains("not negotiated", ring.Refuses(VhostError.IndirectTableInvalid, PackedTestRing.Features(indirect: false)).Message);
    }

    [Theory]
    [InlineData(7, 1)]
    [InlineData(16, 2)]
    [InlineData(33, 3)]
    public void Random_descriptors_give_chains_inside_memory_or_typed_errors(int size, int seed)
    {
        using var ring = new PackedTestRing(size);
        var random = new Random(seed);
        byte* start = ring.Memory.At(PackedTestRing.Guest), end = ring.Memory.At(ring.End - 1);
        for (int round = 0; round < 20_000; round++)
        {
            for (int slot = 0; slot < size; slot++)
            {
                ulong address = random.Next(8) == 0 ? (ulong)random.NextInt64() : ring.Buffers + (ulong)random.Next(0xff00);
                uint length = random.Next(8) == 0 ? (uint)random.NextInt64() : (uint)random.Next(16) * 16;
                DescriptorFlags noise = random.Next(8) == 0 ? (DescriptorFlags)random.Next(0x10000) : random.Next(3) == 0 ? Next : random.Next(4) == 0 ? Indirect : 0;
                ring.Offer(slot, address, length, random.Next(size + 1), noise);
            }
            PackedDeviceQueue device = ring.Device();
            try
            {
                int count = device.Take(ring.Burst, 64);
                for (int i = 0; i < count; i++)
                {
                    Chain chain = ring.Burst.Chains[i];
                    Assert.InRange(chain.Head, 0, size - 1);
                    Assert.InRange(chain.Descriptors, 1, size);
                    for (int s = 0; s < chain.ReadableSegments + chain.WritableSegments; s++)
                    {
                        Segment segment = ring.Burst.Segments[chain.FirstSegment + s];
                        Assert.True(segment.Address >= start && segment.Address + segment.Length <= end + 1, $"seed {seed}, round {round}");
                    }
                }
                device.Return(ring.Burst.Chains, count);
            }
            catch (VhostException error)
            {
                Assert.StartsWith("Ring 0: ", error.Message);
            }
        }
    }

    [Fact]
    public void Descriptors_that_flip_between_reads_never_lead_outside_memory_R_15()
    {
        using var ring = new PackedTestRing(4);
        byte* start = ring.Memory.At(PackedTestRing.Guest), end = ring.Memory.At(ring.End - 1);
        using var stop = new CancellationTokenSource();
        var flipper = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                ring.Offer(0, ring.Buffers, 64, 0).Offer(0, ulong.MaxValue - 100, 64, 0).Offer(0, ring.Buffers, uint.MaxValue, 99, Indirect).Offer(0, ring.Buffers, 16, 1, Next);
                ring.Offer(1, ring.Buffers, 16, 1).Write(1, ring.Buffers, 16, 1, 0);
            }
        });
        flipper.Start();
        int taken = 0, refused = 0;
        for (int round = 0; round < 200_000 || taken == 0 || refused == 0; round++)
        {
            PackedDeviceQueue device = ring.Device();
            try
            {
                if (device.Take(ring.Burst, 1) == 0) continue;
                taken++;
                Segment segment = ring.Burst.Segments[0];
                Assert.True(segment.Address >= start && segment.Address + segment.Length <= end + 1);
                Assert.InRange(ring.Burst.Chains[0].Head, 0, 3);
            }
            catch (VhostException)
            {
                refused++;
            }
        }
        stop.Cancel();
        flipper.Join();
    }
}
