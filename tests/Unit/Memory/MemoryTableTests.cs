using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Rings;
using Xunit;

namespace VhostUser.Tests.Memory;

public unsafe class MemoryTableTests
{
    private const ulong Guest = 0x10_0000, User = 0x7000_0000, Size = 8192;

    [Theory]
    [InlineData(Guest, 0x1000ul, 4096ul, "guest-physical")]         // the same start
    [InlineData(Guest - 4096, 0x1000ul, 4097ul, "guest-physical")]  // the last byte meets the first
    [InlineData(Guest + Size - 1, 0x1000ul, 4096ul, "guest-physical")]
    [InlineData(Guest + 4096, 0x1000ul, 1ul, "guest-physical")]     // inside
    [InlineData(0ul, 0x1000ul, 0x100_0000ul, "guest-physical")]     // around
    [InlineData(0x1000_0000ul, User + Size - 1, 4096ul, "user")]
    [InlineData(0x1000_0000ul, User - 4096, 4097ul, "user")]
    public void Overlapping_regions_are_refused(ulong guest, ulong user, ulong size, string kind)
    {
        using var memory = new GuestMemory((Guest, User, Size));
        using MemoryRegion region = Map(guest, user, size);
        var error = Assert.Throws<VhostException>(() => memory.Table.Add(region));
        Assert.Equal(VhostError.MemoryRegionOverlap, error.Error);
        Assert.Contains(kind, error.Message);
        Assert.Single(memory.Table.Regions);
    }

    [Fact]
    public void Adjacent_regions_are_two_and_a_range_is_inside_one_or_none()
    {
        using var memory = new GuestMemory((Guest, User, Size), (Guest + Size, User - 4096, 4096), (ulong.MaxValue - 4096, ulong.MaxValue - 8192, 4096));
        MemoryTable table = memory.Table;
        byte* first = table.Regions[0].Address, second = table.Regions[1].Address;
        Assert.True(table.TranslateGuest(Guest, Size) == first);
        Assert.True(table.TranslateGuest(Guest + Size, 4096) == second);
        Assert.True(table.TranslateGuest(Guest + 1, Size) == null);
        Assert.True(table.TranslateGuest(Guest + Size - 1, 2) == null);
        Assert.True(table.TranslateGuest(Guest - 1, 2) == null);
        Assert.True(table.TranslateGuest(Guest, ulong.MaxValue) == null);
        Assert.True(table.TranslateGuest(ulong.MaxValue - 4096, 4096) == table.Regions[2].Address);
        Assert.True(table.TranslateGuest(ulong.MaxValue - 1, 1) == table.Regions[2].Address + 4095);
        Assert.True(table.TranslateGuest(ulong.MaxValue - 1, 2) == null);
        Assert.True(table.TranslateUser(User + 10, 10) == first + 10);
        Assert.True(table.TranslateUser(User - 4096, 4096) == second);
        Assert.True(table.TranslateUser(User - 1, 2) == null);
        Assert.True(table.TranslateUser(Guest, 1) == null);
        Assert.True(table.TranslateGuest(User, 1) == null);
    }

    [Fact]
    public void A_prefix_ends_where_its_region_ends()
    {
        using var memory = new GuestMemory((Guest, User, Size), (Guest + Size, User + Size, 4096));
        MemoryTable table = memory.Table;
        Assert.True(table.TranslateGuestPrefix(Guest + Size - 10, 100, out MemoryTable.GuestRange hit, out ulong covered) == table.Regions[0].Address + Size - 10);
        Assert.Equal((10ul, Guest), (covered, hit.Start));
        Assert.True(table.TranslateGuestPrefix(Guest + Size, 100, out hit, out covered) == table.Regions[1].Address);
        Assert.Equal((100ul, Guest + Size), (covered, hit.Start));
        Assert.True(table.TranslateGuestPrefix(Guest + Size + 4096, 1, out hit, out covered) == null);
        Assert.Equal((0ul, 0ul), (covered, hit.Size));
    }

    [Fact]
    public void A_region_that_was_removed_is_not_found_any_more()
    {
        using var memory = new GuestMemory((Guest, User, Size), (Guest + Size, User + Size, 4096));
        MemoryTable table = memory.Table;
        MemoryRegionDescription row = table.Regions[0].Description;
        Assert.Null(table.Find(row with { Size = 4096 }));
        Assert.Null(table.Find(row with { UserAddress = User + 1 }));
        table.Remove(table.Find(row with { MmapOffset = 77 })!); // the offset plays no part
        Assert.True(table.TranslateGuest(Guest, 1) == null);
        Assert.True(table.TranslateUser(User, 1) == null);
        Assert.Equal(1, table.GuestRanges.Length);
        Assert.Equal("the regions are [0x102000, 0x103000)", table.Describe(user: false));
    }

    [Fact]
    public void An_empty_table_holds_nothing()
    {
        using var table = new MemoryTable();
        Assert.True(table.TranslateGuest(0, 0) == null && table.TranslateUser(0, 0) == null);
        Assert.False(table.IsLost);
        Assert.Equal("no memory region has been set", table.Describe(user: true));
    }

    private static MemoryRegion Map(ulong guest, ulong user, ulong size)
    {
        using FileDescriptor file = GuestMemory.CreateMemfd((long)size);
        return MemoryRegion.Map(new MemoryRegionDescription { GuestAddress = guest, UserAddress = user, Size = size }, file, 1);
    }
}
