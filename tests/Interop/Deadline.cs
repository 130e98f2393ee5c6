using System.Diagnostics;

namespace VhostUser.Tests.Interop;

/// <summary>Waits for what must come true, and fails with the last value when it does not.</summary>
public static class Deadline
{
    /// <summary>Reads until the value passes; returns it.</summary>
    public static T Wait<T>(Func<T> read, Func<T, bool> wanted, TimeSpan bound)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            T value = read();
            if (wanted(value)) return value;
            if (Stopwatch.GetElapsedTime(start) > bound) throw new TimeoutException($"not reached within {bound.TotalSeconds:0.#} s; the last value was {value}");
            Thread.Sleep(20);
        }
    }
}
