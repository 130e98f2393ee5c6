using VhostUser.Endpoints;
using Xunit;

namespace VhostUser.Tests.Endpoints.PathTest;

public class SequenceTrackerTests
{
    [Theory]
    [InlineData(new long[] { 0, 1, 2, 3 }, 4, 0, 0)]
    [InlineData(new long[] { 0, 2, 1, 3 }, 4, 0, 1)]      // one was overtaken
    [InlineData(new long[] { 0, 3, 1, 2 }, 4, 0, 2)]      // one overtook two
    [InlineData(new long[] { 0, 0, 1, 0 }, 2, 2, 0)]
    [InlineData(new long[] { 5, 5 }, 1, 1, 0)]
    [InlineData(new long[] { 0, SequenceTracker.Window + 5, 0 }, 3, 0, 1)]                                   // too far behind to be told from a new one
    [InlineData(new long[] { 3, 3 + SequenceTracker.Window, 4 }, 3, 0, 1)]                                  // its bit was forgotten
    [InlineData(new long[] { 7, 7 + 3L * SequenceTracker.Window, 7 + 3L * SequenceTracker.Window }, 2, 1, 0)]
    public void Order_and_duplicates_are_told(long[] numbers, long unique, long duplicates, long reordered)
    {
        var tracker = new SequenceTracker();
        foreach (long number in numbers) tracker.Add(number);
        Assert.Equal((unique, duplicates, reordered), (tracker.Unique, tracker.Duplicates, tracker.Reordered));
    }

    [Theory]
    [InlineData(5u, 10, 5)]
    [InlineData(0u, 1, 0)]
    [InlineData(0xFFFFFFFFu, 0x1_0000_0002, 0xFFFFFFFF)]
    [InlineData(1u, 0x1_0000_0002, 0x1_0000_0001)]
    [InlineData(3u, 2, -4294967293)] // never sent
    public void Numbers_grow_beyond_32_bits(uint low, long sent, long expected) => Assert.Equal(expected, SequenceTracker.Extend(low, sent));
}
