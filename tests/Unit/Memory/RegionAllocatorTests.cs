using VhostUser.Memory;
using Xunit;

namespace VhostUser.Tests.Memory;

public class RegionAllocatorTests
{
    [Fact]
    public void The_first_piece_that_is_large_enough_is_taken()
    {
        var allocator = new RegionAllocator(65536);
        Assert.Equal(0ul, allocator.TryAllocate(4096));
        Assert.Equal(4096ul, allocator.TryAllocate(8192));
        Assert.Equal(12288ul, allocator.TryAllocate(4096));
        allocator.Free(4096, 8192);
        Assert.Equal(4096ul, allocator.TryAllocate(4096));   // the hole first
        Assert.Equal(16384ul, allocator.TryAllocate(8192));  // what is left of it is too small
        Assert.Equal(8192ul, allocator.TryAllocate(4096));
    }

    [Fact]
    public void Freed_neighbours_merge_on_both_sides()
    {
        var allocator = new RegionAllocator(3 * 4096);
        for (ulong i = 0; i < 3; i++) Assert.Equal(i * 4096, allocator.TryAllocate(4096));
        Assert.Equal(0ul, allocator.LargestFree);
        Assert.Null(allocator.TryAllocate(64));
        allocator.Free(0, 4096);
        allocator.Free(8192, 4096);
        Assert.Equal(4096ul, allocator.LargestFree);
        allocator.Free(4096, 4096);
        Assert.Equal(3 * 4096ul, allocator.LargestFree);
        Assert.Equal(0ul, allocator.Used);
    }

    [Theory]
    [InlineData(64ul)]
    [InlineData(4096ul)]
    [InlineData(2ul << 20)]
    public void Pieces_are_aligned_and_the_gap_before_them_stays_free(ulong alignment)
    {
        var allocator = new RegionAllocator(8 << 20);
        Assert.Equal(0ul, allocator.TryAllocate(100));
        Assert.Equal(alignment == 64 ? 128 : alignment, allocator.TryAllocate(1000, alignment));
        Assert.Equal(128ul + 1024, allocator.Used); // sizes are whole cache lines
        if (alignment > 4096) Assert.Equal(128ul, allocator.TryAllocate(64, 64));
    }

    [Fact]
    public void Random_use_never_hands_out_a_byte_twice_and_ends_as_it_began()
    {
        var random = new Random(3);
        const int size = 1 << 20;
        var allocator = new RegionAllocator(size);
        bool[] taken = new bool[size / 64];
        var pieces = new List<(ulong Offset, ulong Length)>();
        for (int step = 0; step < 5000; step++)
        {
            if (random.Next(2) == 0)
            {
                ulong length = (ulong)random.Next(1, 40_000);
                ulong alignment = 64ul << random.Next(8);
                if (allocator.TryAllocate(length, alignment) is not ulong offset) continue;
                Assert.Equal(0ul, offset % alignment);
                Span<bool> lines = taken.AsSpan((int)offset / 64, (int)(length + 63) / 64);
                Assert.False(lines.Contains(true));
                lines.Fill(true);
                pieces.Add((offset, length));
            }
            else if (pieces.Count > 0)
            {
                int i = random.Next(pieces.Count);
                (ulong offset, ulong length) = pieces[i];
                pieces.RemoveAt(i);
                allocator.Free(offset, length);
                taken.AsSpan((int)offset / 64, (int)(length + 63) / 64).Clear();
            }
            if (step % 50 == 0) Assert.Equal(64ul * (ulong)taken.Count(line => line), allocator.Used);
        }
        foreach ((ulong offset, ulong length) in pieces) allocator.Free(offset, length);
        Assert.Equal((0ul, (ulong)size), (allocator.Used, allocator.LargestFree));
    }
}
