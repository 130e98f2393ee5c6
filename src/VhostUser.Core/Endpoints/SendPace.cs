using System.Diagnostics;

namespace VhostUser.Endpoints;

/// <summary>Keeps a rate over any number of sends: the packets that are due, and the wait until the next one is.</summary>
/// <param name="rate">Packets per second, or 0 for no limit.</param>
public sealed class SendPace(double rate)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _sent;

    /// <summary>Waits until a packet is due.</summary>
    /// <param name="most">The most to allow.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>How many packets may go now, at least 1.</returns>
    public int Wait(int most, CancellationToken cancel)
    {
        while (rate > 0)
        {
            double due = Stopwatch.GetElapsedTime(_start).TotalSeconds * rate + 1 - _sent;
            if (due >= 1) return (int)Math.Min(most, due);
            cancel.ThrowIfCancellationRequested();
            Pause((1 - due) / rate, cancel);
        }
        return most;
    }

    /// <summary>Waits until so much time has passed since a time stamp.</summary>
    internal static void WaitUntil(long start, double seconds, CancellationToken cancel)
    {
        while (seconds - Stopwatch.GetElapsedTime(start).TotalSeconds is > 0 and double left)
        {
            cancel.ThrowIfCancellationRequested();
            Pause(left, cancel);
        }
    }

    /// <summary>Counts packets that went.</summary>
    public void Add(int packets) => _sent += packets;

    private static void Pause(double seconds, CancellationToken cancel)
    {
        // The last moments are spun away: a sleeping thread wakes too late for an even rate.
        if (seconds > 0.002) cancel.WaitHandle.WaitOne(TimeSpan.FromSeconds(Math.Min(seconds - 0.001, 0.1)));
        else Thread.SpinWait(20);
    }
}
