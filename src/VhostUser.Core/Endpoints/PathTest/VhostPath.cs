using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Packets;

namespace VhostUser.Endpoints;

/// <summary>
/// Tests the path from one client to another, or back to itself: sends packets with numbers and time stamps, takes what arrives, and
/// tells what was lost, changed, overtaken, and how long it took. One thread does both, so one clock measures.
/// </summary>
public sealed class VhostPath
{
    private const int BurstSize = 64;
    private const int MaxBursts = 64; // of one ring before the others have their turn
    private static readonly TimeSpan s_progressInterval = TimeSpan.FromSeconds(0.2);
    private static readonly TimeSpan s_nap = TimeSpan.FromMilliseconds(1);

    private readonly VhostPathOptions _options;
    private readonly PathFrame[] _frames;
    private readonly NetTransmitter _transmitter;
    private readonly NetReceiver[] _receivers;
    private readonly FrameBatch _batch = new(BurstSize);
    private readonly long _start;
    private readonly PathReceiver _arrived;
    private double _paced; // packets that the rate has allowed for
    private long _sent;

    private VhostPath(VhostPathOptions options)
    {
        _options = options;
        uint run = (uint)Random.Shared.NextInt64(1, uint.MaxValue);
        VhostPacket template = options.Template ?? PacketBuilder.Build(new PacketSpec());
        _frames = [.. options.PacketSizes.Select(size => new PathFrame(template, size, run))];
        _transmitter = options.From.TransmitterOf(options.Queue);
        _receivers = options.To.Receivers();
        _start = Stopwatch.GetTimestamp();
        _arrived = new PathReceiver(run, _start);
    }

    /// <summary>Runs a test to its end.</summary>
    /// <param name="options">What is sent, where, how long.</param>
    /// <param name="cancel">Ends it.</param>
    /// <param name="progress">Told five times a second at most how much of the time is over (0 to 1), how many packets were sent and how many arrived.</param>
    /// <exception cref="VhostException">InvalidArgument; PacketTooLarge; RingIndexInvalid; PeerDisconnected …</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static VhostPathResult Test(VhostPathOptions options, CancellationToken cancel, Action<double, long, long>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        Check(options);
        DateTimeOffset started = DateTimeOffset.Now;
        var path = new VhostPath(options);
        TimeSpan took = path.Run(cancel, progress);
        return path.Describe(started, took);
    }

    private static void Check(VhostPathOptions options)
    {
        if (options.PacketSizes.Count == 0) throw Invalid("no packet size was given", "64 is usual.");
        if (options.PacketSizes.Min() < PathFrame.MinLength) throw Invalid($"a packet would have {options.PacketSizes.Min()} bytes; expected {PathFrame.MinLength} at least", "An Ethernet frame has no fewer.");
        if (options.PacketSizes.Max() > options.From.MaxPacket && options.From.MaxPacket > 0)
            throw new VhostException(VhostError.PacketTooLarge, $"Client '{options.From.Name}': a packet would have {options.PacketSizes.Max()} bytes; its rings take up to {options.From.MaxPacket}.", options.From.Name, "Give the client larger buffers (-BufferSize).");
        if (options.Rate < 0 || options.Duration <= TimeSpan.Zero || options.Duration > TimeSpan.FromDays(2)) throw Invalid($"Rate is {options.Rate}, Duration {options.Duration}; expected 0 or more, and up to two days", "10000 packets per second for 2 seconds are usual.");

        VhostException Invalid(string what, string action) => new(VhostError.InvalidArgument, $"Path from '{options.From.Name}' to '{options.To.Name}': {what}.", options.From.Name, action);
    }

    /// <summary>Sends and takes until all has arrived or nothing more does; returns how long packets were sent.</summary>
    private TimeSpan Run(CancellationToken cancel, Action<double, long, long>? progress)
    {
        long told = _start;
        long lastNews = _start;
        TimeSpan sending = TimeSpan.Zero;
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            TimeSpan elapsed = Stopwatch.GetElapsedTime(_start);
            bool done = elapsed >= _options.Duration;
            if (done && sending == TimeSpan.Zero) sending = elapsed;
            int moved = (done ? 0 : Send(elapsed)) + Receive();
            if (moved > 0) lastNews = Stopwatch.GetTimestamp();
            if (done && (_arrived.Numbers.Unique >= _sent || Stopwatch.GetElapsedTime(lastNews) > _options.Patience)) return sending;
            if (Stopwatch.GetElapsedTime(told) >= s_progressInterval)
            {
                told = Stopwatch.GetTimestamp();
                progress?.Invoke(Math.Min(1, elapsed / _options.Duration), _sent, _arrived.Numbers.Unique);
                // A peer that has gone shows at its socket only.
                _options.From.NoticeNow();
                _options.To.NoticeNow();
            }
            if (moved == 0) Rest(done, elapsed, cancel);
        }
    }

    private int Send(TimeSpan elapsed)
    {
        int allowed = BurstSize;
        if (_options.Rate > 0)
        {
            double due = elapsed.TotalSeconds * _options.Rate + 1 - _paced;
            if (due < 1) return 0;
            // Time that was missed is not made up for by a flood, which the receive ring might not hold: at most a hundredth of a second is.
            double most = Math.Max(_options.Rate / 100, BurstSize / 2);
            if (due > most) _paced += due - most;
            allowed = (int)Math.Min(due, BurstSize);
        }
        _batch.Clear();
        for (int i = 0; i < allowed; i++)
            _batch.Add(_frames[(_sent + i) % _frames.Length].Next(_sent + i, (long)Stopwatch.GetElapsedTime(_start).TotalNanoseconds));
        // Half of the ring at most is on its way at once: when a peer that was held up hands it all on, the receive ring still takes
        // the next burst. Otherwise the test itself would make the loss that it finds.
        int went = _options.From.SendBurst(_transmitter, _batch, 0, allowed, maxInFlight: Math.Max(1, _transmitter.Ring.Queue.Size / 2));
        _sent += went;
        _paced += went;
        _arrived.Sent = _sent;
        return went;
    }

    private int Receive()
    {
        int received = 0;
        var consumer = new PathReceiver.Consumer(_arrived);
        foreach (NetReceiver receiver in _receivers)
        {
            // To the end, and so before anything more is sent: what the path brings must not find the ring full because of this thread.
            int burst, bursts = 0;
            do received += burst = _options.To.ReceiveBurst(receiver, ref consumer, BurstSize);
            while (burst == BurstSize && ++bursts < MaxBursts);
        }
        return received;
    }

    /// <summary>Nothing moves: leaves the core to others, and sleeps while nothing is due and nothing is on its way.</summary>
    private void Rest(bool done, TimeSpan elapsed, CancellationToken cancel)
    {
        bool idle = _arrived.Numbers.Unique >= _sent && !done && _options.Rate > 0 && (_paced - elapsed.TotalSeconds * _options.Rate) / _options.Rate > 2 * s_nap.TotalSeconds;
        if (idle) cancel.WaitHandle.WaitOne(s_nap);
        else Thread.Yield();
    }

    private VhostPathResult Describe(DateTimeOffset started, TimeSpan took)
    {
        LatencyHistogram latency = _arrived.Latency;
        long lost = _sent - _arrived.Numbers.Unique;
        return new VhostPathResult
        {
            From = _options.From.Name,
            To = _options.To.Name,
            Started = started,
            Duration = took,
            Rate = _options.Rate,
            PacketSizes = [.. _options.PacketSizes],
            Sent = _sent,
            Received = _arrived.Numbers.Unique,
            Lost = lost,
            LostPercent = _sent == 0 ? 0 : 100.0 * lost / _sent,
            Duplicates = _arrived.Numbers.Duplicates,
            Reordered = _arrived.Numbers.Reordered,
            Corrupt = _arrived.Corrupt,
            Foreign = _arrived.Foreign,
            SentPacketsPerSecond = _sent / took.TotalSeconds,
            ReceivedBitsPerSecond = 8 * _arrived.Bytes / took.TotalSeconds,
            LatencyMin = Time(latency.Count == 0 ? 0 : latency.Min),
            LatencyMean = Time(latency.Mean),
            LatencyP50 = Time(latency.Percentile(50)),
            LatencyP90 = Time(latency.Percentile(90)),
            LatencyP99 = Time(latency.Percentile(99)),
            LatencyP999 = Time(latency.Percentile(99.9)),
            LatencyMax = Time(latency.Max),
            Jitter = Time(_arrived.Jitter),
            Histogram = [.. Buckets(latency)],
        };
    }

    private static IEnumerable<VhostPathBucket> Buckets(LatencyHistogram latency)
    {
        if (latency.Count == 0) yield break;
        long left = latency.Count;
        long below = 0;
        foreach (long bound in Bounds())
        {
            long from = below;
            below = bound;
            if (latency.Min >= bound) continue;
            long count = Math.Min(left, latency.CountBetween(from, bound));
            if (latency.Max < bound) count = left; // a bucket of the histogram may lie across the bound
            left -= count;
            yield return new VhostPathBucket { From = Time(from), Below = Time(bound), Count = count };
            if (left == 0) yield break;
        }
    }

    // 100 ns, 200 ns, 500 ns, 1 us, … and whatever is above a thousand seconds.
    private static IEnumerable<long> Bounds()
    {
        for (long decade = 100; decade <= 1_000_000_000_000; decade *= 10)
        {
            yield return decade;
            yield return 2 * decade;
            yield return 5 * decade;
        }
        yield return long.MaxValue;
    }

    private static TimeSpan Time(double nanoseconds) => TimeSpan.FromTicks((long)Math.Round(nanoseconds / TimeSpan.NanosecondsPerTick));
}
