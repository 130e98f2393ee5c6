using System.Diagnostics;

namespace VhostUser.Fuzz;

/// <summary>What a run came to.</summary>
internal sealed record FuzzReport(string Target, ulong Seed, long Inputs, TimeSpan Time, string? Failure)
{
    public override string ToString() =>
        $"{Target}: {Inputs:#,0} inputs, seed {Seed}, {Time.TotalSeconds:0.0} s, {Inputs / Math.Max(Time.TotalSeconds, 0.001):#,0}/s{(Failure is null ? "" : Environment.NewLine + Failure)}";
}

/// <summary>
/// Gives a target one input after the other. The bytes of an input follow from the seed and its number alone, so a failure is found again
/// by both; the first one ends the run, made as simple as it gets.
/// </summary>
internal sealed class FuzzRunner(FuzzTarget target, ulong seed)
{
    private static readonly TimeSpan s_slow = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_hang = TimeSpan.FromSeconds(20);

    private readonly byte[] _bytes = new byte[target.InputBytes];
    private long _number;
    private long _started;

    /// <summary>Runs so many inputs, or until the time is over.</summary>
    /// <param name="count">Inputs to run.</param>
    /// <param name="atMost">When to stop before that; null to go on.</param>
    /// <param name="progress">Told of the number reached, every few seconds.</param>
    public FuzzReport Run(long count, TimeSpan? atMost = null, Action<FuzzReport>? progress = null)
    {
        Try(); // a first input of zeros, so that what the target keeps is there before the count
        FuzzResources before = FuzzResources.Take();
        var clock = Stopwatch.StartNew();
        TimeSpan told = TimeSpan.Zero;
        long inputs = 0;
        string? failure = null;
        using var watchdog = new Timer(_ => EndIfHanging(), null, s_slow, s_slow);
        for (_number = 0; inputs < count && failure is null; _number++)
        {
            Fill(_bytes, seed, _number);
            (int worked, string? wrong) = Try();
            inputs += worked;
            if (wrong is not null) failure = Describe(wrong);
            if ((_number & 0xff) != 0) continue;
            if (clock.Elapsed > atMost) break;
            if (progress is null || clock.Elapsed - told < TimeSpan.FromSeconds(10)) continue;
            told = clock.Elapsed;
            progress(new FuzzReport(target.Name, seed, inputs, clock.Elapsed, null));
        }
        Volatile.Write(ref _started, 0);
        failure ??= before.ExplainGrowth();
        return new FuzzReport(target.Name, seed, inputs, clock.Elapsed, failure);
    }

    /// <summary>Runs one input again, as a failure's text gives it.</summary>
    public string? Replay(ReadOnlySpan<byte> input)
    {
        _bytes.AsSpan().Clear();
        input.CopyTo(_bytes);
        return Try().Wrong;
    }

    /// <summary>The bytes of an input: SplitMix64, started from seed and number.</summary>
    internal static void Fill(Span<byte> bytes, ulong seed, long number)
    {
        ulong state = unchecked(seed * 0x9E3779B97F4A7C15 ^ (ulong)number * 0xD1342543DE82EF95);
        // Short inputs as well as long ones: behind the end everything is 0.
        int length = bytes.Length - (int)(Next(ref state) % (ulong)bytes.Length);
        bytes[length..].Clear();
        for (int i = 0; i < length; i += 8)
        {
            ulong value = Next(ref state);
            for (int k = i; k < Math.Min(i + 8, length); k++, value >>= 8) bytes[k] = (byte)value;
        }
    }

    private static ulong Next(ref ulong state)
    {
        ulong z = unchecked(state += 0x9E3779B97F4A7C15);
        z = unchecked((z ^ z >> 30) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ z >> 27) * 0x94D049BB133111EB);
        return z ^ z >> 31;
    }

    private (int Inputs, string? Wrong) Try()
    {
        long start = Stopwatch.GetTimestamp();
        Volatile.Write(ref _started, start);
        try
        {
            var input = new FuzzInput(_bytes);
            int inputs = target.Run(ref input);
            if (Stopwatch.GetElapsedTime(start) < s_slow) return (inputs, null);
            // A busy machine is slow once; an input that takes long does so again.
            start = Stopwatch.GetTimestamp();
            input = new FuzzInput(_bytes);
            target.Run(ref input);
            TimeSpan again = Stopwatch.GetElapsedTime(start);
            return (inputs, again < s_slow ? null : $"takes {again.TotalSeconds:0.0} s");
        }
        catch (Exception error)
        {
            return (1, $"{error.GetType().Name}: {error.Message}{Environment.NewLine}{error.StackTrace}");
        }
    }

    private string Describe(string wrong)
    {
        byte[] failing = [.. _bytes];
        string kind = wrong.Split(':')[0];
        // Clear ever smaller parts as long as it still fails in the same way.
        for (int part = failing.Length / 2; part >= 1; part /= 2)
        {
            for (int at = 0; at < failing.Length; at += part)
            {
                Span<byte> piece = failing.AsSpan(at, Math.Min(part, failing.Length - at));
                if (piece.IndexOfAnyExcept((byte)0) < 0) continue;
                byte[] kept = piece.ToArray();
                piece.Clear();
                if (Replay(failing) is string still && still.StartsWith(kind, StringComparison.Ordinal)) wrong = still;
                else kept.CopyTo(piece);
            }
        }
        ReadOnlySpan<byte> needed = failing.AsSpan().TrimEnd((byte)0);
        return $"FAILED at input {_number} of seed {seed}: {wrong}{Environment.NewLine}Again: dotnet run --project tests/Fuzz -c Release -- --target {target.Name} --input {Convert.ToHexString(needed)}";
    }

    private void EndIfHanging()
    {
        long started = Volatile.Read(ref _started);
        if (started == 0 || Stopwatch.GetElapsedTime(started) < s_hang) return;
        Environment.FailFast($"{target.Name} hangs at input {Volatile.Read(ref _number)} of seed {seed}: {Convert.ToHexString(_bytes)}");
    }
}
