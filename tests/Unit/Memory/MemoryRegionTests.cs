using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Rings;
using Xunit;

namespace VhostUser.Tests.Memory;

/// <summary>What a peer describes is checked before it is mapped.</summary>
public unsafe class MemoryRegionTests
{
    private static MemoryRegionDescription Row(ulong size = 4096, ulong offset = 0, ulong guest = 0x1000_0000, ulong user = 0x2000_0000) =>
        new() { GuestAddress = guest, UserAddress = user, Size = size, MmapOffset = offset };

    [Theory]
    [InlineData(0ul, 0ul, 0ul, 0ul, "its size is 0")]
    [InlineData(ulong.MaxValue, 1ul, 0ul, 0ul, "overflows")]
    [InlineData(4096ul, ulong.MaxValue - 4095, 0ul, 0ul, "overflows")] // CVE-2020-10722: size + offset wraps to 0
    [InlineData(4096ul, ulong.MaxValue - 4000, 0ul, 0ul, "overflows")]
    [InlineData(1ul << 63, 0ul, 0ul, 0ul, "overflows")]
    [InlineData(4096ul, 0ul, ulong.MaxValue - 4000, 0ul, "guest address")]
    [InlineData(4096ul, 0ul, 0ul, ulong.MaxValue - 4000, "user address")]
    [InlineData(4096ul, 0ul, ulong.MaxValue, 0ul, "guest address")]
    public void Sizes_and_sums_that_make_no_sense_are_refused_CVE_2020_10722(ulong size, ulong offset, ulong guest, ulong user, string why) =>
        Assert.Contains(why, Refuses(VhostError.MemoryRegionInvalid, Row(size, offset, guest, user), GuestMemory.CreateMemfd(1 << 20)));

    [Theory]
    [InlineData(8193ul, 0ul)]
    [InlineData(4096ul, 4097ul)]
    [InlineData(1ul, 8192ul)]
    [InlineData(1ul << 40, 0ul)]
    public void A_region_beyond_the_end_of_its_file_is_refused(ulong size, ulong offset) =>
        Assert.Contains("of a file of 8,192 bytes", Refuses(VhostError.MemoryRegionInvalid, Row(size, offset), GuestMemory.CreateMemfd(8192)));

    [Theory]
    [InlineData(0ul)]
    [InlineData(1ul)]
    [InlineData(4096ul)]
    [InlineData(5000ul)]
    [InlineData(12288ul + 17)]
    public void An_offset_may_be_anywhere_and_the_region_begins_there(ulong offset)
    {
        using FileDescriptor file = GuestMemory.CreateMemfd(65536);
        using MemoryRegion whole = MemoryRegion.Map(Row(65536), file, 0);
        for (int i = 0; i < 65536; i += 2) *(ushort*)(whole.Address + i) = (ushort)i;
        using MemoryRegion region = MemoryRegion.Map(Row(10_000, offset), file, 1);
        Assert.True(new ReadOnlySpan<byte>(region.Address, 10_000).SequenceEqual(new ReadOnlySpan<byte>(whole.Address + offset, 10_000)));
        Assert.True(region.Address != whole.Address + offset);
    }

    [Fact]
    public void Descriptors_that_are_no_files_are_refused()
    {
        Refuses(VhostError.MessageFdKindInvalid, Row(), Libc.Open("/dev/zero", Libc.O_RDWR));
        Refuses(VhostError.MessageFdKindInvalid, Row(), Libc.Open(Path.GetTempPath(), 0));
        Refuses(VhostError.MessageFdKindInvalid, Row(), Libc.UnixSocket());
        Refuses(VhostError.MessageFdKindInvalid, Row(), Libc.EventFd());
        Refuses(VhostError.MessageFdKindInvalid, Row(), Libc.EpollCreate());
    }

    [Fact]
    public void A_file_that_is_not_open_for_both_directions_is_refused()
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, new byte[8192]);
        try
        {
            Assert.Contains("reading and writing", Refuses(VhostError.MessageFdKindInvalid, Row(), Libc.Open(path, 0 /* O_RDONLY */)));
            Refuses(VhostError.MessageFdKindInvalid, Row(), Libc.Open(path, 1 /* O_WRONLY */));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_memfd_that_can_be_sealed_is_sealed_against_truncation()
    {
        using FileDescriptor file = GuestMemory.CreateMemfd(8192);
        Assert.Equal(0, Libc.GetSeals(file.Number));
        using MemoryRegion region = MemoryRegion.Map(Row(), file, 0);
        Assert.Equal(MemorySafety.Sealed, region.Safety);
        Assert.Equal(Libc.F_SEAL_SHRINK, Libc.GetSeals(file.Number));
        Assert.Throws<LinuxException>(() => Libc.SetLength(file.Number, 4096));
        Libc.SetLength(file.Number, 65536); // growing stays its owner's business
    }

    [Fact]
    public void A_memfd_that_its_owner_sealed_needs_no_more()
    {
        using FileDescriptor file = GuestMemory.CreateMemfd(8192);
        Assert.True(Libc.TryAddSeals(file.Number, Libc.F_SEAL_SHRINK | Libc.F_SEAL_SEAL)); // as QEMU does
        using MemoryRegion region = MemoryRegion.Map(Row(), file, 0);
        Assert.Equal(MemorySafety.Sealed, region.Safety);
    }

    [Fact]
    public void A_memfd_whose_seals_are_closed_without_the_one_against_truncation_is_guarded()
    {
        using FileDescriptor file = GuestMemory.CreateMemfd(8192);
        Assert.True(Libc.TryAddSeals(file.Number, Libc.F_SEAL_GROW | Libc.F_SEAL_SEAL));
        using MemoryRegion region = MemoryRegion.Map(Row(), file, 0);
        Assert.Equal(MemorySafety.Guarded, region.Safety);
    }

    [Fact]
    public void The_mapping_outlives_the_descriptor_it_came_from()
    {
        FileDescriptor file = GuestMemory.CreateMemfd(4096);
        using MemoryRegion region = MemoryRegion.Map(Row(), file, 0);
        file.Dispose();
        region.Address[4095] = 7;
        Assert.Equal(7, region.Address[4095]);
    }

    private static string Refuses(VhostError error, MemoryRegionDescription row, FileDescriptor file)
    {
        using (file)
        {
            var thrown = Assert.Throws<VhostException>(() => MemoryRegion.Map(row, file, 3).Dispose());
            Assert.Equal(error, thrown.Error);
            Assert.Equal("memory region 3", thrown.Target);
            return thrown.Message;
        }
    }
}
