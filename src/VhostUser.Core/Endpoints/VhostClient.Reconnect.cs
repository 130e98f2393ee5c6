using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>
/// A client that outlives its back-end: a thread of its own sees the back-end go, waits for the next one on the same socket, and
/// gives it the same rings and regions. Each ring goes on behind its used index, so what was in flight is worked again.
/// </summary>
public sealed partial class VhostClient
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _ending = new();
    private Thread? _keeper;
    private InflightPayload _inflight;
    private FileDescriptor? _inflightFd;
    private int _reconnects;
    private long _retransmitted;
    private long _lost;

    private bool IsAway => _state == EndpointState.Reconnecting;

    private void StartKeeper()
    {
        _keeper = new Thread(KeepConnected) { IsBackground = true, Name = "vhost " + Name };
        _keeper.Start();
    }

    private void StopKeeper()
    {
        _ending.Cancel();
        if (_keeper is not null && _keeper != Thread.CurrentThread) _keeper.Join();
    }

    private void KeepConnected()
    {
        try
        {
            while (!_ending.IsCancellationRequested)
            {
                if (_state == EndpointState.Running) WaitForHangUp();
                else if (!IsAway || !TryReopen()) return;
            }
        }
        catch (OperationCanceledException)
        {
            // The client is being closed.
        }
        catch (Exception error)
        {
            // A thread that throws would take the shell with it.
            lock (_gate) Fail(new VhostException(VhostError.NativeCallFailed, $"Client '{Name}' could not reconnect: {error.Message}", Name, "This is a defect of the module; please report it.", error));
        }
    }

    private void WaitForHangUp()
    {
        Span<pollfd> poll = [new pollfd { fd = _frontEnd!.Connection.Fd, events = Libc.POLLIN }];
        if (Libc.Poll(poll, (int)RetryInterval.TotalMilliseconds) <= 0) return;
        lock (_gate) NoticePeer();
    }

    /// <summary>Tries once; false when the client can't go on.</summary>
    private bool TryReopen()
    {
        FileDescriptor? socket = _listener is null ? ClientSocket.TryConnect(Path) : _listener.TryAccept();
        if (socket is null)
        {
            _ending.Token.WaitHandle.WaitOne(RetryInterval);
            return true;
        }
        VirtioFeatures features = _handshake!.Features & ~VirtioFeatures.LogAll;
        var frontEnd = new FrontEnd(new Connection(socket, isFrontEnd: true, dialect: _options.Dialect), _options.Timeout);
        var handshake = new Handshake(frontEnd, _options) { Fixed = features };
        try
        {
            PeerInfo? peer = PeerInfo.Of(socket.Number);
            handshake.Negotiate(_ending.Token);
            handshake.ShareMemory(_ending.Token);
            handshake.SetInflight(_inflight, _inflightFd, _ending.Token);
            if (_inflightFd is null) foreach (DriverRing ring in _rings) ring.Queue.Resubmit();
            long inFlight = _rings.Where(IsTransmit).Sum(ring => (long)CountInFlight(ring));
            handshake.StartRings(_rings, _ending.Token);
            lock (_gate)
            {
                _frontEnd!.Dispose();
                (_frontEnd, _handshake, _peer) = (frontEnd, handshake, peer);
                _messages = frontEnd.Connection.Log;
                if (_dirty is not null) ShareDirtyLog(_ending.Token);
                _reconnects++;
                _retransmitted += inFlight;
                _fault = null;
                SetState(EndpointState.Running);
            }
            return true;
        }
        catch (Exception error) when (error is VhostException or OperationCanceledException)
        {
            if (_frontEnd != frontEnd) frontEnd.Dispose();
            if (error is VhostException { Error: VhostError.FeatureMissing } missing)
            {
                lock (_gate) Fail(new VhostException(missing.Error, $"Client '{Name}': the back-end that came back can't go on with these rings. {missing.Message}", Name, "Disconnect the client and connect it again.", missing));
                return false;
            }
            _ending.Token.ThrowIfCancellationRequested();
            _ending.Token.WaitHandle.WaitOne(RetryInterval); // it went away again, or is not ready yet
            return true;
        }
    }

    private bool IsTransmit(DriverRing ring) => _options.Device == ClientDevice.Other || (ring.Index & 1) != 0;

    private static ushort CountInFlight(DriverRing ring)
    {
        RingIndices now = ring.Queue.ReadIndices();
        return (ushort)(now.Available - now.Used);
    }

    /// <summary>Waits a moment while the back-end is away; false when it is not.</summary>
    private bool WaitWhileAway(TimeSpan left, CancellationToken cancel)
    {
        if (!IsAway) return false;
        cancel.WaitHandle.WaitOne((int)Math.Clamp(left.TotalMilliseconds, 1, 10));
        cancel.ThrowIfCancellationRequested();
        return true;
    }
}
