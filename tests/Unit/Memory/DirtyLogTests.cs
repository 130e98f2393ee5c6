using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Memory;

public sealed class DirtyLogTests
{
    [Theory]
    [InlineData(0ul, 1ul, 1)]
    [InlineData(4095ul, 1ul, 1)]
    [InlineData(4095ul, 2ul, 2)]
    [InlineData(8192ul, 4096ul, 1)]
    [InlineData(100ul, 1ul << 20, 257)]
    [InlineData(100ul, 0ul, 0)]
    public void A_range_marks_every_page_that_it_touches(ulong address, ulong length, int pages)
    {
        using var file = new GuestLog(size: 64);
        using DirtyLog log = DirtyLog.Map(file.Payload, file.File);
        log.Mark(address, length);
        Assert.Equal(pages, file.CountBits());
        Assert.Equal(pages, file.MarkedIn(address & ~4095ul, 4096 * (ulong)Math.Max(pages, 1)).Length);
    }

    [Theory]
    [InlineData(64ul * 8 * 4096, 1ul)]
    [InlineData(64ul * 8 * 4096 - 1, 2ul)]
    [InlineData(ulong.MaxValue, 2ul)]
    [InlineData(0ul, ulong.MaxValue)]
    public void A_range_that_ends_behind_the_log_is_an_error_and_marks_nothing(ulong address, ulong length)
    {
        using var file = new GuestLog(size: 64);
        using DirtyLog log = DirtyLog.Map(file.Payload, file.File);
        Assert.False(log.Covers(address, length));
        VhostException error = Assert.Throws<VhostException>(() => log.Mark(address, length));
        Assert.Equal(VhostError.LogInvalid, error.Error);
        Assert.Equal(0, file.CountBits());
    }

    [Fact]
    public void Bits_that_are_set_and_taken_at_the_same_time_are_not_lost()
    {
        const int pages = 64 * 64;
        using var owner = new DirtyBitmap(pages * 4096);
        using DirtyLog log = DirtyLog.Map(new LogPayload { Size = owner.Size }, owner.File);
        int[] marked = new int[pages];
        long[] taken = new long[pages];
        var setters = new Thread[2];
        for (int t = 0; t < setters.Length; t++)
        {
            int parity = t;
            setters[t] = new Thread(() =>
            {
                // Each page once, neighbours by different threads: a lost update of a word would lose a page.
                for (int page = parity; page < pages; page += setters.Length)
                {
                    log.Mark((ulong)page * 4096, 4096);
                    marked[page]++;
                }
            });
        }
        foreach (Thread thread in setters) thread.Start();
        while (setters.Any(thread => thread.IsAlive)) Take();
        Take();
        Assert.Equal(Enumerable.Repeat(1, pages), marked);
        Assert.Equal(Enumerable.Repeat(1L, pages), taken);

        void Take()
        {
            foreach ((ulong first, long count) in owner.Take(0, pages * 4096))
                for (long i = 0; i < count; i++) taken[(long)first + i]++;
        }
    }

    [Fact]
    public void Taking_gives_runs_of_pages_and_leaves_what_is_outside_of_the_range()
    {
        using var owner = new DirtyBitmap(1 << 24);
        using DirtyLog log = DirtyLog.Map(new LogPayload { Size = owner.Size }, owner.File);
        log.Mark(4096 * 3, 4096 * 2);
        log.Mark(4096 * 62, 4096 * 70); // over two ends of words
        log.Mark(4096 * 1000, 1);
        Assert.Equal([(62ul, 38L)], owner.Take(4096 * 60, 4096 * 40)); // page 62 to 99
        Assert.Equal([(3ul, 2L), (100ul, 32L), (1000ul, 1L)], owner.Take(0, 1 << 24));
        Assert.Empty(owner.Take(0, 1 << 24));
    }
}
