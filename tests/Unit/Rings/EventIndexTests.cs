using VhostUser.Rings;
using Xunit;

namespace VhostUser.Tests.Rings;

public class EventIndexTests
{
    [Theory]
    [InlineData(0, 1, 0, true)]       // asked for the entry that came
    [InlineData(1, 1, 0, false)]      // asked for the next one
    [InlineData(5, 8, 4, true)]       // passed in the middle of a batch
    [InlineData(8, 8, 4, false)]
    [InlineData(3, 8, 4, false)]      // passed before already
    [InlineData(65535, 0, 65535, true)]
    [InlineData(65535, 3, 65530, true)]
    [InlineData(2, 3, 65530, true)]
    [InlineData(3, 3, 65530, false)]
    [InlineData(65529, 3, 65530, false)]
    [InlineData(0, 0, 0, false)]      // nothing moved
    [InlineData(32768, 32768, 0, false)]
    [InlineData(32767, 32768, 0, true)]
    public void An_event_is_needed_when_the_index_passed_the_wish(int wanted, int current, int old, bool expected) =>
        Assert.Equal(expected, EventIndex.Passed((ushort)wanted, (ushort)current, (ushort)old));

    [Fact]
    public void The_comparison_agrees_with_counting_one_by_one()
    {
        var random = new Random(29);
        for (int i = 0; i < 20_000; i++)
        {
            ushort old = (ushort)random.Next(65536);
            ushort moved = (ushort)random.Next(300);
            ushort wanted = (ushort)(old + random.Next(-300, 600));
            bool passed = false;
            for (ushort step = 0; step < moved; step++) passed |= (ushort)(old + step) == wanted;
            Assert.Equal(passed, EventIndex.Passed(wanted, (ushort)(old + moved), old));
        }
    }
}
