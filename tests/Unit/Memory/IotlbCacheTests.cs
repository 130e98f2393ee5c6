using VhostUser.Memory;
using VhostUser.Protocol;
using Xunit;

namespace VhostUser.Tests.Memory;

public class IotlbCacheTests
{
    private readonly IotlbCache _cache = new();

    [Fact]
    public void A_newer_range_replaces_what_it_covers_of_an_older_one()
    {
        Insert(0x1000, 0x4000, 0xA000);
        Insert(0x2000, 0x1000, 0xF000);
        Assert.Equal(3, _cache.Count);
        Assert.Equal(0xA000ul, Find(0x1000));
        Assert.Equal(0xF010ul, Find(0x2010));
        Assert.Equal(0xC004ul, Find(0x3004));
        Assert.Null(Find(0x5000));
        Assert.Null(Find(0xFFF));
    }

    [Fact]
    public void A_range_may_reach_the_last_byte_of_all()
    {
        Insert(ulong.MaxValue - 0xFFF, 0x1000, 0x5000);
        Assert.Equal(0x5FFFul, Find(ulong.MaxValue));
        Assert.True(_cache.Invalidate(0, ulong.MaxValue));
        Assert.Equal(0x5FFFul, Find(ulong.MaxValue)); // the last byte of all is not in [0, 2^64 - 1)
        Assert.Equal(1, _cache.Count);
        Assert.True(_cache.Invalidate(1, ulong.MaxValue));
        Assert.Equal(0, _cache.Count);
    }

    [Theory]
    [InlineData((int)IotlbPermission.Read, (int)IotlbPermission.Read, true)]
    [InlineData((int)IotlbPermission.Read, (int)IotlbPermission.Write, false)]
    [InlineData((int)IotlbPermission.Write, (int)IotlbPermission.ReadWrite, false)]
    [InlineData((int)IotlbPermission.ReadWrite, (int)IotlbPermission.Write, true)]
    [InlineData((int)IotlbPermission.None, (int)IotlbPermission.Read, false)]
    public void Only_what_is_allowed_is_found(int given, int wanted, bool found)
    {
        _cache.Insert(new IotlbEntry(0x1000, 0x1000, 0xA000, (IotlbPermission)given));
        Assert.Equal(found, _cache.TryFind(0x1000, (IotlbPermission)wanted, out _));
    }

    [Fact]
    public void It_agrees_with_a_map_of_single_pages()
    {
        var random = new Random(7);
        var pages = new Dictionary<ulong, ulong>();
        for (int i = 0; i < 20_000; i++)
        {
            ulong start = (ulong)random.Next(64), count = (ulong)random.Next(1, 12);
            if (random.Next(2) == 0)
            {
                ulong user = (ulong)random.Next(1 << 20);
                Insert(start << 12, count << 12, user << 12);
                for (ulong page = 0; page < count; page++) pages[start + page] = user + page;
            }
            else
            {
                _cache.Invalidate(start << 12, count << 12);
                for (ulong page = 0; page < count; page++) pages.Remove(start + page);
            }
            ulong asked = (ulong)random.Next(80);
            Assert.Equal(pages.TryGetValue(asked, out ulong expected) ? expected << 12 : null, Find(asked << 12));
        }
    }

    [Fact]
    public void More_ranges_than_it_keeps_make_it_forget_all()
    {
        bool forgot = false;
        for (ulong i = 0; i <= IotlbCache.Capacity; i++) forgot |= _cache.Insert(new IotlbEntry(i << 13, 0x1000, 0, IotlbPermission.Read));
        Assert.True(forgot);
        Assert.Equal(1, _cache.Count);
    }

    private void Insert(ulong iova, ulong size, ulong user) => _cache.Insert(new IotlbEntry(iova, size, user, IotlbPermission.ReadWrite));

    private ulong? Find(ulong iova) => _cache.TryFind(iova, IotlbPermission.Read, out IotlbEntry entry) ? entry.User + (iova - entry.Iova) : null;
}
