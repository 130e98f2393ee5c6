using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Rings;
using Xunit;

namespace VhostUser.Tests.Memory;

/// <summary>A peer truncates a file that can't be sealed while it is mapped: the process lives, reads zeros, and knows.</summary>
public unsafe class BusErrorGuardTests
{
    private const int Size = 1 << 20;

    [Fact]
    public void A_file_truncated_under_a_mapping_reads_as_zeros_and_is_marked_lost()
    {
        using FileDescriptor file = GuestMemory.CreateMemfd(Size, sealable: false);
        using MemoryRegion region = Map(file, Size);
        Assert.Equal(MemorySafety.Guarded, region.Safety);
        new Span<byte>(region.Address, Size).Fill(0x55);
        Assert.False(region.IsLost);
        Libc.SetLength(file.Number, 0);
        Assert.False(region.IsLost); // nobody has touched it yet
        Assert.Equal(0, Volatile.Read(ref region.Address[Size / 2]));
        Assert.True(region.IsLost);
        region.Address[Size / 2] = 9; // what stands there now is memory as any other
        Assert.Equal(9, region.Address[Size / 2]);
        Assert.Equal(0, region.Address[0]);
    }

    [Fact]
    public void A_write_is_survived_as_a_read_is()
    {
        using FileDescriptor file = GuestMemory.CreateMemfd(Size, sealable: false);
        using MemoryRegion region = Map(file, Size);
        Libc.SetLength(file.Number, 0);
        new Span<byte>(region.Address, Size).Fill(0x77);
        Assert.True(region.IsLost);
        Assert.Equal(0x77, region.Address[Size - 1]);
    }

    [Fact]
    public void The_part_of_a_file_that_is_left_goes_on_until_the_lost_part_is_touched()
    {
        using FileDescriptor file = GuestMemory.CreateMemfd(Size, sealable: false);
        using MemoryRegion region = Map(file, Size);
        region.Address[0] = 1;
        Libc.SetLength(file.Number, 4096);
        Assert.Equal(1, region.Address[0]);
        Assert.False(region.IsLost);
        Assert.Equal(0, Volatile.Read(ref region.Address[4096]));
        Assert.True(region.IsLost);
    }

    [Fact]
    public void Threads_that_touch_a_lost_mapping_together_all_live()
    {
        for (int round = 0; round < 50; round++)
        {
            using FileDescriptor file = GuestMemory.CreateMemfd(Size, sealable: false);
            using MemoryRegion region = Map(file, Size);
            byte* address = region.Address;
            using var start = new Barrier(5);
            Thread[] threads = [.. Enumerable.Range(0, 4).Select(n => new Thread(() =>
            {
                start.SignalAndWait();
                for (int i = 0; i < Size; i += 4096) address[i + n * 64]++;
            }))];
            foreach (Thread thread in threads) thread.Start();
            start.SignalAndWait();
            Libc.SetLength(file.Number, 0);
            foreach (Thread thread in threads) thread.Join();
            Volatile.Read(ref address[Size - 1]);
            Assert.True(region.IsLost);
        }
    }

    [Fact]
    public void One_lost_mapping_leaves_its_neighbours_alone()
    {
        using FileDescriptor lost = GuestMemory.CreateMemfd(Size, sealable: false);
        using FileDescriptor kept = GuestMemory.CreateMemfd(Size, sealable: false);
        using MemoryRegion before = Map(kept, Size);
        using MemoryRegion region = Map(lost, Size);
        using MemoryRegion after = Map(kept, Size);
        before.Address[Size - 1] = 3;
        Libc.SetLength(lost.Number, 0);
        new Span<byte>(region.Address, Size).Fill(1);
        Assert.Equal((false, true, false), (before.IsLost, region.IsLost, after.IsLost));
        Assert.Equal((3, 3), (before.Address[Size - 1], after.Address[Size - 1]));
    }

    [Fact]
    public void A_slot_that_is_used_again_is_not_lost()
    {
        for (int i = 0; i < 100; i++)
        {
            using FileDescriptor file = GuestMemory.CreateMemfd(4096, sealable: false);
            using MemoryRegion region = Map(file, 4096);
            Assert.False(region.IsLost);
            Libc.SetLength(file.Number, 0);
            Volatile.Read(ref region.Address[0]);
            Assert.True(region.IsLost);
        }
    }

    [HugePageFact]
    public void A_file_of_huge_pages_is_guarded_too()
    {
        using FileDescriptor file = Libc.MemfdCreate("huge", Libc.MFD_CLOEXEC | Libc.MFD_HUGETLB);
        Libc.SetLength(file.Number, 4 << 20);
        using MemoryRegion region = Map(file, 4 << 20);
        Assert.Equal(MemorySafety.Guarded, region.Safety);
        new Span<byte>(region.Address, 4 << 20).Fill(1);
        Libc.SetLength(file.Number, 0);
        Assert.Equal(0, Volatile.Read(ref region.Address[3 << 20]));
        Assert.True(region.IsLost);
    }

    [Fact]
    public void A_null_reference_is_still_an_exception_when_the_guard_is_there()
    {
        using FileDescriptor file = GuestMemory.CreateMemfd(4096, sealable: false);
        using MemoryRegion region = Map(file, 4096);
        string? nothing = DateTime.UtcNow.Ticks > 0 ? null : "";
        Assert.Throws<NullReferenceException>(() => nothing!.Length);
    }

    private static MemoryRegion Map(FileDescriptor file, ulong size)
    {
        Assert.True(BusErrorGuard.IsSupported, "This architecture has no guard: MemoryRegion refuses files that can't be sealed.");
        return MemoryRegion.Map(new MemoryRegionDescription { GuestAddress = 0x1000_0000, UserAddress = 0x2000_0000, Size = size }, file, 0);
    }
}
