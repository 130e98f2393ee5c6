using System.Diagnostics;

namespace VhostUser.Bench.Link;

/// <summary>Counts what arrives, without the first half second, in which code is compiled and windows open.</summary>
internal sealed class Stream
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(0.5);

    private readonly long _allocatedBefore = GC.GetTotalAllocatedBytes();
    private ulong _count, _warm;
    private long _begin, _first, _last;
    private long _allocatedWarm;

    /// <summary>Notes the number that has arrived in all.</summary>
    public void Count(ulong total)
    {
        if (total == _count) return;
        _count = total;
        _last = Stopwatch.GetTimestamp();
        if (_begin == 0) _begin = _last;
        if (Stopwatch.GetElapsedTime(_begin, _last) >= WarmUp) return;
        _warm = total;
        _first = _last;
        _allocatedWarm = GC.GetTotalAllocatedBytes() - _allocatedBefore;
    }

    /// <summary>What the driver of the benchmark reads.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"packets {_count - _warm} seconds {Stopwatch.GetElapsedTime(_first, _last).TotalSeconds:0.000000} allocated {GC.GetTotalAllocatedBytes() - _allocatedBefore - _allocatedWarm}");
}
