using System.Diagnostics;
using System.Management.Automation;

namespace VhostUser.Commands;

/// <summary>Progress of something that usually takes a moment: shown only when it takes more than a second.</summary>
/// <param name="cmdlet">Whose progress it is; used on its pipeline thread only.</param>
/// <param name="activity">What is being done.</param>
/// <param name="limit">How long it may take, or null.</param>
internal sealed class WaitProgress(Cmdlet cmdlet, string activity, TimeSpan? limit) : IDisposable
{
    /// <summary>How often to look whether the work is done.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.25);

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly long _start = Stopwatch.GetTimestamp();
    private bool _shown;

    /// <summary>Shows how long it has taken, once that is more than a second.</summary>
    public void Show(string status)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_start);
        if (elapsed < s_patience) return;
        _shown = true;
        cmdlet.WriteProgress(new ProgressRecord(1, activity, $"{status}, {elapsed.TotalSeconds:0} s")
        {
            PercentComplete = limit is TimeSpan all && all > TimeSpan.Zero ? (int)Math.Min(100, 100 * elapsed / all) : -1,
        });
    }

    /// <summary>Takes the progress off the screen.</summary>
    public void Dispose()
    {
        if (_shown) cmdlet.WriteProgress(new ProgressRecord(1, activity, "done") { RecordType = ProgressRecordType.Completed });
    }
}
