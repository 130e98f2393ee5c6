using VhostUser.Endpoints;
using Xunit;

namespace VhostUser.Tests.Endpoints.PathTest;

public class LatencyHistogramTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(1000)]
    [InlineData(65_535)]
    [InlineData(1_000_000_007)]
    [InlineData(1L << 61)]
    public void A_value_comes_back_within_one_part_of_128(long value)
    {
        var histogram = new LatencyHistogram();
        histogram.Record(value);
        histogram.Record(long.MaxValue); // so that the maximum does not hide the bucket's bound
        Assert.InRange(histogram.Percentile(50), value, value + value / 64);
        Assert.Equal((value, long.MaxValue, 2), (histogram.Min, histogram.Max, histogram.Count));
    }

    [Fact]
    public void Percentiles_are_those_of_the_sorted_values()
    {
        var random = new Random(7);
        long[] values = [.. Enumerable.Range(0, 10_000).Select(_ => (long)Math.Exp(random.NextDouble() * 20))];
        var histogram = new LatencyHistogram();
        foreach (long value in values) histogram.Record(value);
        Array.Sort(values);
        foreach (double percent in new[] { 0.01, 50, 90, 99, 99.9, 100 })
        {
            long exact = values[(int)Math.Max(0, Math.Ceiling(values.Length * percent / 100) - 1)];
            Assert.InRange(histogram.Percentile(percent), exact, exact + exact / 64 + 1);
        }
        Assert.Equal(values.Average(), histogram.Mean, 3);
        Assert.Equal(10_000, histogram.CountBetween(0, long.MaxValue));
    }

    [Fact]
    public void Nothing_recorded_is_nothing_and_a_clock_that_stepped_back_is_zero()
    {
        var histogram = new LatencyHistogram();
        Assert.Equal((0, 0, 0), (histogram.Percentile(99), histogram.Max, histogram.Mean));
        histogram.Record(-5);
        Assert.Equal((0, 0), (histogram.Min, histogram.Max));
    }

    [Fact]
    public void Recording_allocates_nothing()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++) histogram.Record(i * 977L);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
