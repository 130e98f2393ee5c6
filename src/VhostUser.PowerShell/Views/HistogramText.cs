using System.Globalization;
using VhostUser.Endpoints;

namespace VhostUser.Views;

/// <summary>Latencies as rows of a picture made of plain characters, which a file takes as well as a terminal.</summary>
public static class HistogramText
{
    private const int Width = 24; // so that a list in a terminal of 80 columns has room for a row

    /// <summary>One row per bucket: its bounds, a bar, how many packets and their share. A bucket that is not empty has a bar of one at least.</summary>
    public static string Draw(IReadOnlyCollection<VhostPathBucket>? buckets)
    {
        if (buckets is null || buckets.Count == 0) return "no packet arrived";
        long most = buckets.Max(bucket => bucket.Count);
        long all = buckets.Sum(bucket => bucket.Count);
        return string.Join(Environment.NewLine, buckets.Select(bucket => string.Create(CultureInfo.InvariantCulture,
            $"{ViewText.Time(bucket.From),7} - {ViewText.Time(bucket.Below),-7} |{Bar(bucket.Count, most),-Width}| {bucket.Count,9:#,0} {100.0 * bucket.Count / all,5:0.0} %")));
    }

    private static string Bar(long count, long most) => new('#', count == 0 ? 0 : (int)Math.Max(1, count * Width / Math.Max(most, 1)));
}
