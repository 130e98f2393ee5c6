using System.Diagnostics;
using Xunit;

namespace VhostUser.Tests.Endpoints.Vapp;

/// <summary>Waiting for the other side, with an end.</summary>
internal static class Wait
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    public static void Until(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Bound) Assert.Fail($"{what} did not come in {Bound.TotalSeconds:0} s");
            Thread.Yield();
        }
    }
}
