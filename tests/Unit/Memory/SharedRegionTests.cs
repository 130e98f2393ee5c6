using VhostUser.Interop;
using VhostUser.Memory;
using Xunit;

namespace VhostUser.Tests.Memory;

public unsafe class SharedRegionTests
{
    private const int AllSeals = Libc.F_SEAL_SEAL | Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW;

    private static readonly string _unique = "t" + Guid.NewGuid().ToString("N")[..8];

    [Fact]
    public void A_memfd_region_is_sealed_so_that_no_one_can_change_its_size()
    {
        using SharedRegion region = Create();
        Assert.Equal(AllSeals, Libc.GetSeals(region.File.Number));
        Assert.Equal(MemorySafety.Sealed, region.Safety);
        Assert.Equal(Errno.EPERM, Assert.Throws<LinuxException>(() => Libc.SetLength(region.File.Number, 0)).Errno);
        Assert.Equal(Errno.EPERM, Assert.Throws<LinuxException>(() => Libc.SetLength(region.File.Number, 1 << 30)).Errno);
        Assert.Null(region.Snapshot().Path);
    }

    [Fact]
    public void The_three_addresses_of_a_region_and_those_of_two_regions_differ()
    {
        using SharedRegion a = Create();
        using SharedRegion b = Create();
        ulong[] starts = [a.GuestAddress, a.UserAddress, a.MappingAddress, b.GuestAddress, b.UserAddress, b.MappingAddress];
        for (int i = 0; i < starts.Length; i++)
            for (int j = 0; j < i; j++) Assert.True(starts[i] + (ulong)a.Size <= starts[j] || starts[j] + (ulong)b.Size <= starts[i], $"ranges {i} and {j} overlap");
        using SharedRegion chosen = SharedRegion.Create(new SharedRegionOptions { Name = "c", Size = 4096, GuestAddress = 0x1000, UserAddress = 0x2000 });
        Assert.Equal((0x1000ul, 0x2000ul), (chosen.GuestAddress, chosen.UserAddress));
    }

    [Fact]
    public void A_size_is_rounded_up_to_whole_pages()
    {
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "odd", Size = 4097 });
        Assert.Equal(8192, region.Size);
        Assert.Equal(8192, region.Snapshot().Size);
    }

    [Fact]
    public void An_shm_region_has_a_name_for_its_owner_only_and_loses_it_at_the_end()
    {
        string path = "/dev/shm/" + _unique;
        using (SharedRegion region = Create(RegionBacking.Shm, path: _unique))
        {
            Assert.Equal(region.Size, new FileInfo(path).Length);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            Assert.Equal("/" + _unique, region.Snapshot().Path);
            Assert.Equal(MemorySafety.Guarded, region.Safety);
            Assert.Equal(VhostError.RegionCreateFailed, Assert.Throws<VhostException>(() => Create(RegionBacking.Shm, path: _unique)).Error);
            Assert.True(File.Exists(path)); // the one that was in the way is not removed
        }
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void A_file_region_is_made_allocated_and_removed()
    {
        string path = Path.Combine(Path.GetTempPath(), _unique + ".mem");
        using (SharedRegion region = Create(RegionBacking.File, path: path))
        {
            *(ulong*)region.Memory.Address = 0x1122334455667788;
            byte[] head = new byte[8];
            using (FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)) file.ReadExactly(head);
            Assert.Equal(0x1122334455667788ul, BitConverter.ToUInt64(head));
        }
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void A_foreign_file_at_the_path_is_refused_and_kept()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, "mine");
        var error = Assert.Throws<VhostException>(() => Create(RegionBacking.File, path: path));
        Assert.Equal(VhostError.RegionCreateFailed, error.Error);
        Assert.Contains("exists already", error.RecommendedAction);
        Assert.Equal("mine", File.ReadAllText(path));
        File.Delete(path);
    }

    [Fact]
    public void A_file_system_without_room_is_not_blamed_on_huge_pages_and_leaves_no_file()
    {
        string path = "/dev/shm/" + _unique + "-large";
        long more = new DriveInfo("/dev/shm").TotalSize + (1L << 30);
        var error = Assert.Throws<VhostException>(() => Create(RegionBacking.File, size: more, path: path));
        Assert.Equal(VhostError.RegionCreateFailed, error.Error);
        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_size_that_is_not_positive_is_refused(long size) =>
        Assert.Equal(VhostError.InvalidArgument, Assert.Throws<VhostException>(() => Create(size: size)).Error);

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(1L << 62)]
    public void A_size_that_no_machine_has_is_a_typed_error(long size) =>
        Assert.Equal(VhostError.RegionCreateFailed, Assert.Throws<VhostException>(() => Create(size: size)).Error);

    [Fact]
    public void A_file_region_needs_a_path_and_huge_pages_need_a_memfd()
    {
        Assert.Equal(VhostError.InvalidArgument, Assert.Throws<VhostException>(() => Create(RegionBacking.File)).Error);
        Assert.Equal(VhostError.InvalidArgument, Assert.Throws<VhostException>(() => Create(RegionBacking.Shm, huge: 2 << 20)).Error);
        Assert.Equal(VhostError.InvalidArgument, Assert.Throws<VhostException>(() => Create(huge: 3 << 20)).Error);
    }

    [HugePageFact]
    public void A_region_of_huge_pages_has_whole_ones()
    {
        using SharedRegion region = Create(size: 3 << 20, huge: 2 << 20);
        SharedRegionInfo info = region.Snapshot();
        Assert.Equal((4 << 20, 2 << 20), (info.Size, info.PageSize));
        Assert.Equal(MemorySafety.Sealed, info.Safety);
        new Span<byte>(region.Memory.Address, 4 << 20).Fill(1);
    }

    [Theory]
    [InlineData(1L << 42, 2L << 20, "2 MiB")]
    [InlineData(4L << 20, 4L << 20, "4 MiB")] // no machine has this size
    public void Huge_pages_that_the_machine_does_not_have_are_explained(long size, long page, string text)
    {
        var error = Assert.Throws<VhostException>(() => Create(size: size, huge: page));
        Assert.Equal(VhostError.HugePagesUnavailable, error.Error);
        Assert.Contains(text, error.Message);
        Assert.Contains("nr_hugepages", error.RecommendedAction);
    }

    [Fact]
    public void A_region_in_use_is_not_removed()
    {
        SharedRegion region = Create();
        region.Acquire("vm0");
        region.Acquire("vm0");
        var error = Assert.Throws<VhostException>(region.Dispose);
        Assert.Equal(VhostError.RegionInUse, error.Error);
        Assert.Contains("vm0", error.Message);
        Assert.Equal(["vm0"], region.Snapshot().Clients);
        region.Release("vm0");
        Assert.Throws<VhostException>(region.Dispose);
        region.Release("vm0");
        region.Dispose();
        region.Dispose(); // once more does no harm
        Assert.Equal(VhostError.HandleClosed, Assert.Throws<VhostException>(() => region.Acquire("vm1")).Error);
    }

    [Fact]
    public void Pieces_have_the_three_addresses_of_their_place()
    {
        using SharedRegion region = Create();
        region.TryAllocate(4096);
        RegionPiece piece = region.TryAllocate(100)!;
        Assert.Equal((4096ul, 100ul), (piece.Offset, piece.Length));
        Assert.Equal(region.GuestAddress + 4096, piece.GuestAddress);
        Assert.Equal(region.UserAddress + 4096, piece.UserAddress);
        Assert.True(piece.Address == region.Memory.Address + 4096);
        Assert.Equal(4096 + 128, region.Snapshot().Used);
        region.Free(piece);
        Assert.Equal(4096, region.Snapshot().Used);
    }

    [Fact]
    public void A_space_of_regions_uses_the_first_with_room_and_says_what_is_free_when_none_has()
    {
        using SharedRegion small = Create(size: 8192);
        using SharedRegion large = Create(size: 65536);
        var space = new RegionSpace([small, large]);
        Assert.Same(small, space.Allocate(4096, "a").Region);
        Assert.Same(large, space.Allocate(8192, "b").Region);
        var error = Assert.Throws<VhostException>(() => space.Allocate(1 << 20, "ring 0"));
        Assert.Equal(VhostError.RegionTooSmall, error.Error);
        Assert.StartsWith("ring 0 need", error.Message);
        Assert.True(space.Translate(large.GuestAddress + 65535, 1) == large.Memory.Address + 65535);
        Assert.True(space.Translate(large.GuestAddress + 65535, 2) == null);
        Assert.True(space.Translate(large.UserAddress, 1) == null);
    }

    private static SharedRegion Create(RegionBacking backing = RegionBacking.Memfd, long size = 65536, long huge = 0, string? path = null) =>
        SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = size, Backing = backing, HugePageSize = huge, Path = path });
}
