using VhostUser.Reports;
using VhostUser.Rings;
using Xunit;

namespace VhostUser.Tests.Reports;

public class ReportSampleTests
{
    [Fact]
    public void Rates_and_waits_come_from_two_looks()
    {
        ReportSample sample = ReportSample.Between(Look(1, 1000, waiting: 20), Look(1.5, 2000, waiting: 60));
        Assert.Equal((2000, 0, 1.6e6), (sample.ReceivedPerSecond, sample.SentPerSecond, sample.BitsPerSecond));
        Assert.Equal(TimeSpan.FromSeconds(40 / 2000.0), sample.Wait); // Little's law
        Assert.Equal(TimeSpan.FromSeconds(1.5), sample.At);
    }

    [Fact]
    public void Without_packets_there_is_no_wait_to_tell() => Assert.Null(ReportSample.Between(Look(1, 1000, 20), Look(2, 1000, 20)).Wait);

    [Fact]
    public void Counters_that_began_anew_are_no_negative_rate() => Assert.Equal(0, ReportSample.Between(Look(1, 1000, 0), Look(2, 10, 0)).ReceivedPerSecond);

    [Fact]
    public void A_report_shows_the_last_look_and_what_moved_between_them()
    {
        ReportEndpoint report = ReportEndpoint.Of([Look(0, 0, 0), Look(1, 10, 0), Look(2, 40, 7)], []);
        Assert.Equal([10, 30], report.Samples.Select(sample => sample.ReceivedPerSecond));
        Assert.Equal(40, report.Info.PacketsReceived);
        Assert.Throws<ArgumentException>(() => ReportEndpoint.Of([], []));
    }

    private static ReportLook Look(double at, long packets, ushort waiting) => new(TimeSpan.FromSeconds(at), HtmlReportTests.Info("sw0", packets),
        [HtmlReportTests.Ring(0) with { AvailableIndex = 256 }, HtmlReportTests.Ring(1) with { Packets = packets, AvailableIndex = waiting }]);
}
