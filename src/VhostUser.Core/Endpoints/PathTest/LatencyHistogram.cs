using System.Numerics;

namespace VhostUser.Endpoints;

/// <summary>
/// Counts times in nanoseconds with a relative error below 1/128 from one to 2^63, in memory of fixed size: buckets are as wide as the
/// power of two allows that they lie in, 64 to each. Recording allocates nothing.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int SubBits = 7;
    private const int Linear = 1 << SubBits; // values below have a bucket each
    private const int Half = Linear / 2;

    private readonly long[] _counts = new long[Linear + (63 - SubBits) * Half];

    /// <summary>How many were recorded.</summary>
    public long Count { get; private set; }

    public long Min { get; private set; } = long.MaxValue;

    public long Max { get; private set; }

    public double Mean => Count == 0 ? 0 : _sum / Count;

    private double _sum;

    /// <summary>Records a time; one below zero counts as zero.</summary>
    public void Record(long nanoseconds)
    {
        nanoseconds = Math.Max(nanoseconds, 0);
        _counts[IndexOf(nanoseconds)]++;
        Count++;
        _sum += nanoseconds;
        Min = Math.Min(Min, nanoseconds);
        Max = Math.Max(Max, nanoseconds);
    }

    /// <summary>The time that so many percent do not exceed; 0 when nothing was recorded.</summary>
    public long Percentile(double percent)
    {
        long rank = Math.Max(1, (long)Math.Ceiling(Count * percent / 100));
        long seen = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= rank) return Math.Min(UpperOf(i), Max);
        }
        return Max;
    }

    /// <summary>How many lie in [from, below); both should be bounds of buckets or the answer is good to one bucket.</summary>
    public long CountBetween(long from, long below)
    {
        long count = 0;
        for (int i = IndexOf(from); i < _counts.Length && UpperOf(i) < below; i++) count += _counts[i];
        return count;
    }

    private static int IndexOf(long value)
    {
        if (value < Linear) return (int)value;
        int shift = BitOperations.Log2((ulong)value) - (SubBits - 1);
        return Linear + (shift - 1) * Half + (int)(value >> shift) - Half;
    }

    // The largest value of a bucket.
    private static long UpperOf(int index)
    {
        if (index < Linear) return index;
        int shift = (index - Linear) / Half + 1;
        long sub = (index - Linear) % Half + Half;
        return (long)((ulong)(sub + 1) << shift) - 1;
    }
}
