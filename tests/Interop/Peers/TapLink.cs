using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Interop;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>A link that this process makes: it carries frames between two taps, with a thread for each direction.</summary>
internal sealed unsafe class TapLink : HostLink
{
    private const int MaxHeld = 100_000;
    private const int IdleMilliseconds = 50;

    private readonly TapInterface _left;
    private readonly TapInterface _right;
    private readonly Thread[] _carriers;
    private volatile Impairment _impairment = new(0, default);
    private volatile bool _stop;

    public TapLink()
        : base(HostNetwork.NewTapName(), HostNetwork.NewTapName())
    {
        _left = new TapInterface(LeftName);
        _right = new TapInterface(RightName);
        _carriers = [Start(_left, _right, seed: 1), Start(_right, _left, seed: 2)];
    }

    /// <summary>Ends the threads; an interface goes with the last descriptor of its tap.</summary>
    public override void Dispose()
    {
        _stop = true;
        foreach (Thread carrier in _carriers) carrier.Join();
        _left.Dispose();
        _right.Dispose();
    }

    private protected override void Apply(double loss, TimeSpan delay) => _impairment = new(loss, delay);

    private Thread Start(TapInterface from, TapInterface to, int seed)
    {
        Thread carrier = new(() => Carry(from.Fd, to.Fd, new Random(seed))) { IsBackground = true, Name = $"{from.Name} to {to.Name}" };
        carrier.Start();
        return carrier;
    }

    // Whether a frame is lost, and how long it takes, is decided when it comes; a cut loses those under way too.
    private void Carry(int from, int to, Random random)
    {
        Queue<(long Start, TimeSpan Delay, byte[] Frame)> held = [];
        byte[] buffer = new byte[65536 + 64];
        Span<pollfd> wait = [new pollfd { fd = from, events = Libc.POLLIN }];
        while (!_stop)
        {
            TimeSpan idle = TimeSpan.FromMilliseconds(IdleMilliseconds);
            while (held.TryPeek(out var next))
            {
                TimeSpan left = next.Delay - Stopwatch.GetElapsedTime(next.Start);
                if (left > TimeSpan.Zero)
                {
                    idle = left < idle ? left : idle;
                    break;
                }
                held.Dequeue();
                if (_impairment.Loss < 1) Write(to, next.Frame);
            }
            if (Libc.Poll(wait, (int)Math.Ceiling(idle.TotalMilliseconds)) == 0) continue;
            int length = Read(from, buffer);
            Impairment now = _impairment;
            if (length <= 0 || held.Count >= MaxHeld || random.NextDouble() < now.Loss) continue;
            if (now.Delay == default && held.Count == 0) Write(to, buffer.AsSpan(0, length));
            else held.Enqueue((Stopwatch.GetTimestamp(), now.Delay, buffer[..length]));
        }
    }

    private static int Read(int fd, Span<byte> buffer)
    {
        fixed (byte* bytes = buffer) return (int)Libc.Read(fd, bytes, (nuint)buffer.Length);
    }

    // A frame that the interface does not take is lost, as on a cable.
    private static void Write(int fd, ReadOnlySpan<byte> frame)
    {
        fixed (byte* bytes = frame) Libc.Write(fd, bytes, (nuint)frame.Length);
    }

    private sealed record Impairment(double Loss, TimeSpan Delay);
}
