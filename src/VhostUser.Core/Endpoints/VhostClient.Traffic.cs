using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>Packets: sent, repeated, received; each burst under the lock, each wait outside of it.</summary>
public sealed partial class VhostClient
{
    private const int BurstSize = 64;
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(0.2);
    private static readonly TimeSpan NoticeInterval = TimeSpan.FromMilliseconds(2);

    private long _noticed; // timestamp of the last look at the socket for a sender

    /// <summary>The longest packet that can be sent, in bytes.</summary>
    public int MaxPacket => (int)(_transmitters.FirstOrDefault(transmitter => transmitter is not null)?.MaxPacket ?? 0);

    /// <summary>Sends a packet, once or many times.</summary>
    /// <param name="frame">The Ethernet frame.</param>
    /// <param name="queue">Transmit ring: an odd index.</param>
    /// <param name="count">How often.</param>
    /// <param name="rate">Packets per second, or 0 for as many as the ring takes.</param>
    /// <param name="timeout">How long to wait for room in the ring, each time it is full.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>How many were sent: <paramref name="count"/>.</returns>
    /// <exception cref="VhostException">RingFull, PacketTooLarge, RingIndexInvalid, PeerDisconnected …</exception>
    public long Send(ReadOnlySpan<byte> frame, int queue, long count, double rate, TimeSpan timeout, CancellationToken cancel) =>
        Send(frame, queue, count, new SendPace(rate), timeout, cancel);

    /// <summary>Sends a packet, once or many times, at a pace that goes on from earlier sends.</summary>
    /// <param name="frame">The Ethernet frame.</param>
    /// <param name="queue">Transmit ring: an odd index.</param>
    /// <param name="count">How often.</param>
    /// <param name="pace">Says when packets are due.</param>
    /// <param name="timeout">How long to wait for room in the ring, each time it is full.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <param name="progress">Told how many were sent, five times a second at most; null to tell nobody.</param>
    /// <returns>How many were sent: <paramref name="count"/>.</returns>
    /// <exception cref="VhostException">RingFull, PacketTooLarge, RingIndexInvalid, PeerDisconnected …</exception>
    public long Send(ReadOnlySpan<byte> frame, int queue, long count, SendPace pace, TimeSpan timeout, CancellationToken cancel, Action<long>? progress = null) =>
        Send(frame, default, queue, count, pace, timeout, cancel, progress);

    private long Send(ReadOnlySpan<byte> frame, in NetHeader header, int queue, long count, SendPace pace, TimeSpan timeout, CancellationToken cancel, Action<long>? progress)
    {
        ArgumentNullException.ThrowIfNull(pace);
        NetTransmitter transmitter = TransmitterOf(queue);
        if (frame.IsEmpty || frame.Length > transmitter.MaxPacket)
            throw new VhostException(VhostError.PacketTooLarge, $"Client '{Name}': a packet has {frame.Length} bytes; ring {queue} takes 1 to {transmitter.MaxPacket}.", Name,
                "Give the client larger buffers (-BufferSize) or a longer ring.");
        NoticeNowAndThen(); // a ring takes packets for a while when nobody is there any more
        long sent = 0;
        uint template = count > 1 ? transmitter.NewTemplate() : 0;
        long waiting = 0; // since when the ring has been full, 0 when it is not
        long told = Stopwatch.GetTimestamp();
        while (sent < count)
        {
            cancel.ThrowIfCancellationRequested();
            int allowed = pace.Wait((int)Math.Min(count - sent, BurstSize), cancel);
            int done = SendBurst(transmitter, frame, allowed, template, header);
            pace.Add(done);
            sent += done;
            if (progress is not null && Stopwatch.GetElapsedTime(told) >= ProgressInterval)
            {
                told = Stopwatch.GetTimestamp();
                progress(sent);
            }
            if (done > 0) waiting = 0;
            else if (!TryAwaitRoom(transmitter, ref waiting, timeout, cancel)) throw Full(queue, sent, count, timeout);
        }
        return sent;
    }

    /// <summary>Waits a moment for room in a full ring; false when the time is over.</summary>
    private bool TryAwaitRoom(NetTransmitter transmitter, ref long waiting, TimeSpan timeout, CancellationToken cancel)
    {
        if (waiting == 0) waiting = Stopwatch.GetTimestamp();
        TimeSpan left = timeout - Stopwatch.GetElapsedTime(waiting);
        if (left < TimeSpan.Zero) return false;
        WaitForCall(transmitter.Ring, left, cancel);
        return true;
    }

    /// <summary>Receives up to <paramref name="max"/> packets; waits until there is one.</summary>
    /// <param name="into">Receives the packets.</param>
    /// <param name="queue">Receive ring: an even index.</param>
    /// <param name="max">The most packets to add.</param>
    /// <param name="timeout">How long to wait for the first.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>How many were added; 0 when the time ran out.</returns>
    /// <exception cref="VhostException">The back-end has gone away, and what it had sent before was received.</exception>
    public int Receive(ICollection<ReceivedPacket> into, int queue, int max, TimeSpan timeout, CancellationToken cancel)
    {
        NetReceiver receiver = ReceiverOf(queue);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var collector = new PacketCollector(into, queue, DateTimeOffset.Now);
            int received = ReceiveBurst(receiver, ref collector, max);
            TimeSpan left = timeout - Stopwatch.GetElapsedTime(start);
            if (received > 0) return received;
            if (_state is not (EndpointState.Running or EndpointState.Reconnecting)) Demand();
            if (left <= TimeSpan.Zero) return 0;
            WaitForCall(receiver.Ring, left, cancel);
        }
    }

    /// <summary>One burst without waiting, for benchmarks and for programs that poll: sends as many as fit.</summary>
    internal int SendBurst(NetTransmitter transmitter, ReadOnlySpan<byte> frame, int count, uint template = 0, NetHeader header = default)
    {
        lock (_gate)
        {
            if (IsAway) return 0;
            Demand();
            try
            {
                Reclaim(transmitter);
                int sent = transmitter.Send(frame, count, template, header);
                if (sent > 0) transmitter.Flush();
                return sent;
            }
            catch (VhostException error)
            {
                throw Fail(error);
            }
        }
    }

    private static void Reclaim(NetTransmitter transmitter)
    {
        int inFlight = transmitter.Ring.Queue.InFlight;
        transmitter.Reclaim();
        // Nothing was outstanding, or some of it came back: the back-end's time begins anew.
        if (inFlight == 0 || inFlight != transmitter.Ring.Queue.InFlight) transmitter.Ring.WaitingSince = Stopwatch.GetTimestamp();
    }

    /// <summary>One burst without waiting: hands packets to the consumer in place, also those that a back-end left before it went away.</summary>
    internal int ReceiveBurst<TConsumer>(NetReceiver receiver, ref TConsumer consumer, int max) where TConsumer : IPacketConsumer
    {
        lock (_gate)
        {
            if (IsAway) return 0;
            if (_state != EndpointState.Disconnected) Demand();
            try
            {
                return receiver.Receive(ref consumer, max);
            }
            catch (VhostException error)
            {
                throw Fail(error);
            }
        }
    }

    internal NetTransmitter TransmitterOf(int queue) =>
        (uint)queue < (uint)_transmitters.Length && _rings.Length > 0 && _transmitters[queue] is NetTransmitter transmitter ? transmitter : throw WrongQueue(queue, "transmit", "odd");

    internal NetReceiver ReceiverOf(int queue) =>
        (uint)queue < (uint)_receivers.Length && _rings.Length > 0 && _receivers[queue] is NetReceiver receiver ? receiver : throw WrongQueue(queue, "receive", "even");

    /// <summary>The receivers of all receive rings.</summary>
    internal NetReceiver[] Receivers() => [.. _receivers.OfType<NetReceiver>()];

    /// <summary>Looks whether the back-end is still there.</summary>
    internal void NoticeNow()
    {
        lock (_gate) NoticePeer();
    }

    /// <summary>The same at most every few milliseconds: a look is a system call, too dear for each packet of a pipeline.</summary>
    private void NoticeNowAndThen()
    {
        if (Stopwatch.GetElapsedTime(_noticed) < NoticeInterval) return;
        NoticeNow();
        _noticed = Stopwatch.GetTimestamp();
    }

    /// <summary>Runs one burst under the lock; a broken ring rule ends the session. While the back-end is away the result is the one given.</summary>
    private T Burst<T>(Func<T> burst, T away)
    {
        lock (_gate)
        {
            if (IsAway) return away;
            Demand();
            try
            {
                return burst();
            }
            catch (VhostException error)
            {
                throw Fail(error);
            }
        }
    }

    private void WaitForCall(DriverRing ring, TimeSpan left, CancellationToken cancel)
    {
        if (WaitWhileAway(left, cancel)) return;
        bool ready = Burst(ring.Queue.EnableCalls, away: true);
        try
        {
            if (ready) return;
            Span<pollfd> poll = [new pollfd { fd = ring.WaitFd.Number, events = Libc.POLLIN }, new pollfd { fd = SocketFd(), events = Libc.POLLIN }];
            // In slices, so that Ctrl+C is seen soon.
            Libc.Poll(poll, (int)Math.Clamp(left.TotalMilliseconds, 1, 100));
            cancel.ThrowIfCancellationRequested();
        }
        finally
        {
            lock (_gate)
            {
                if (_state == EndpointState.Running)
                {
                    ring.ConsumeCalls();
                    ring.Queue.DisableCalls();
                    NoticePeer();
                }
            }
        }
    }

    /// <summary>Looks at the socket: a back-end that has gone away, or spoke out of turn, ends the session.</summary>
    private void NoticePeer()
    {
        if (_state != EndpointState.Running) return;
        try
        {
            _frontEnd!.Notice(Name);
        }
        catch (VhostException error)
        {
            Fail(error);
        }
    }

    private void Demand()
    {
        if (_state == EndpointState.Running) return;
        throw _state switch
        {
            EndpointState.Disconnected or EndpointState.Faulted => new VhostException(_fault!.Error, $"Client '{Name}' is {_state}: {_fault.Message}", Name,
                "Disconnect it (Disconnect-VhostClient) and connect again.", _fault),
            EndpointState.Reconnecting => Away("nothing could be asked of it"),
            _ => new VhostException(VhostError.HandleClosed, $"Client '{Name}' is {_state}.", Name, "Connect it again with Connect-VhostClient."),
        };
    }

    private VhostException Fail(VhostException error)
    {
        _fault = error;
        bool left = error.Error is VhostError.PeerDisconnected or VhostError.MessageIncomplete;
        SetState(left && _keeper is not null ? EndpointState.Reconnecting : error.Error == VhostError.PeerDisconnected ? EndpointState.Disconnected : EndpointState.Faulted);
        return error;
    }

    private int SocketFd()
    {
        lock (_gate) return _frontEnd!.Connection.Fd;
    }

    private VhostException Away(string what) => new(VhostError.PeerDisconnected, $"Client '{Name}' is Reconnecting: its back-end has gone and not come back; {what}.", Name,
        "Start the back-end again on the same socket, or wait longer (-Timeout).");

    private VhostException Full(int queue, long sent, long count, TimeSpan timeout)
    {
        if (IsAway)
        {
            lock (_gate) _lost += count - sent;
            return Away($"{sent} of {count} packets were sent within {timeout.TotalSeconds:0.#} s");
        }
        string verdict = GetVringStates(queue)[0].Verdict;
        string progress = count == 1 ? "there was no room for this one" : $"{sent} of {count} were put into it";
        return new VhostException(VhostError.RingFull, $"Client '{Name}': ring {queue} stayed full for {timeout.TotalSeconds:0.#} s; {progress}. Ring {queue}: {verdict}.", Name,
            "Look at the back-end: does it run, poll, and take packets from this ring? Get-VringState tells.");
    }

    private VhostException WrongQueue(int queue, string direction, string parity) => new(VhostError.RingIndexInvalid,
        _rings.Length == 0 ? $"Client '{Name}' has no rings: it is {_state}."
            : _options.Device == ClientDevice.Other ? $"Client '{Name}' drives no network device: its rings take raw chains only."
            : $"Client '{Name}': ring {queue} is no {direction} ring; those are the {parity} ones up to {_rings.Length - 1}.", Name,
        _options.Device == ClientDevice.Other ? "Use Send-VringPacket -Readable/-Writable." : "Ring 0 receives and ring 1 transmits for queue pair 0.");
}
