using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Interop;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>The server's thread: sockets, sessions, and the rounds over the rings.</summary>
public sealed partial class VhostServer
{
    void IWorkerMember.Begin(EventLoop loop)
    {
        _loop = loop;
        _waitingRoom = new WaitingRoom(loop, Welcome);
        if (_listener is not null) loop.Watch(_listener.Fd, Accept);
        WatchDevice();
    }

    TimeSpan? IWorkerMember.Work()
    {
        if (_session is null) return _options.Connect ? Reconnect() : null;
        try
        {
            TimeSpan? wait = WorkRounds();
            if (_session is { HoldsReply: true }) wait = AnswerHeld(wait);
            if (_session?.LostMemory is VhostException lost) EndSession(lost);
            else if (_device.Fault is VhostException fault) EndSession(fault);
            return wait;
        }
        catch (Exception error)
        {
            // Whatever went wrong belongs to this session; the next one finds a server that listens.
            EndSession(Explain(error));
            return TimeSpan.Zero;
        }
    }

    /// <summary>A reply that waits for another thread is looked after often, and keeps nothing else waiting.</summary>
    private TimeSpan? AnswerHeld(TimeSpan? wait)
    {
        if (!_session!.TryAnswer()) return wait < HeldInterval ? wait : HeldInterval;
        HandleMessages();
        return TimeSpan.Zero;
    }

    void IWorkerMember.End(Exception? failure)
    {
        if (failure is not null) _fault = Explain(failure);
        EndSession(null);
        CleanUp();
        SetState(failure is null ? EndpointState.Stopped : EndpointState.Faulted);
    }

    private void CleanUp()
    {
        BackEnd? session = _session;
        if (session is not null) _past = _past.Plus(session.Rings);
        _session = null;
        session?.Dispose();
        _waitingRoom?.Dispose();
        _listener?.Dispose();
        _ownDevice.Dispose();
        _offer.SharedObjects.Dispose();
    }

    /// <summary>What ended a session or the server; anything but a known error is a defect, and says so.</summary>
    private VhostException Explain(Exception error) => error as VhostException ?? new VhostException(VhostError.NativeCallFailed,
        $"Server '{Name}' failed: {error.GetType().Name}: {error.Message}", Name, "This is a defect of the module; please report it.", error);

    /// <summary>Waking up is all that a device's own descriptor is for: the next round looks at the device.</summary>
    private void WatchDevice()
    {
        if (_device.WakeFd >= 0) _loop.Watch(_device.WakeFd, () => _woken = true);
    }

    private TimeSpan? Reconnect()
    {
        TimeSpan left = ReconnectInterval - Stopwatch.GetElapsedTime(_lastAttempt);
        if (_lastAttempt != 0 && left > TimeSpan.Zero) return left;
        _lastAttempt = Stopwatch.GetTimestamp();
        return TryConnect() ? TimeSpan.Zero : ReconnectInterval;
    }

    /// <summary>Goes over the rings until it is time to look at the sockets; returns how long to wait there.</summary>
    private TimeSpan? WorkRounds()
    {
        _session!.ProcessControl();
        NetQueuePair[] pairs = _session.ActivePairs;
        if (_armed)
        {
            // Perhaps it was another endpoint of this worker that had something to do, and here it is still quiet.
            TimeSpan? left = _sleepAtMost - Stopwatch.GetElapsedTime(_sleepStart);
            if (!_woken && (left is null || left > Moment)) return left;
            Disarm(pairs);
        }
        // A server that polls on a thread of its own takes many empty rounds for one with work: they are short, and a packet that comes
        // while the thread looks at the sockets waits for a system call.
        bool alone = _options.Poll && Bridge is null && Link is null;
        int cost = alone ? EmptyRoundsPerRound : 1;
        for (int left = RoundsPerLook * cost; left > 0;)
        {
            bool busy = false;
            foreach (NetQueuePair pair in pairs)
            {
                busy |= _device.Process(pair);
                if (!pair.CanTransmit && pair.Transmit is { Queue: not null, WasEnabled: true }) busy |= NetDevice.Discard(pair);
            }
            if (busy)
            {
                if (_idleRounds > 0) _idleRoundsBeforeSleep = Math.Min(2 * _idleRoundsBeforeSleep, MostIdleRounds);
                _idleRounds = 0;
                left -= cost;
                continue;
            }
            left--;
            if (alone) continue;
            if (_options.Poll) break; // the other members of this thread may have more to do
            TimeSpan? next = _device.NextWork;
            if (next is TimeSpan due)
            {
                if (due > TimeSpan.FromMilliseconds(1)) return Sleep(pairs, due);
                // Due, and yet nothing was done: the ring is full. Look again in a moment.
                return ++_idleRounds < RoundsPerLook ? TimeSpan.Zero : TimeSpan.FromMilliseconds(1);
            }
            if (++_idleRounds < _idleRoundsBeforeSleep) continue;
            _idleRoundsBeforeSleep = Math.Max(_idleRoundsBeforeSleep / 2, LeastIdleRounds);
            // Nobody will wake this thread for a ring without a kick descriptor, or in time for one that lacks room: look again in a moment.
            return Sleep(pairs, _session.MustPoll || pairs.Any(pair => pair.Filler.IsStarved) ? TimeSpan.FromMilliseconds(1) : null);
        }
        return TimeSpan.Zero;
    }

    /// <summary>Asks the driver for kicks and says how long the thread may sleep, unless work came meanwhile.</summary>
    private TimeSpan? Sleep(NetQueuePair[] pairs, TimeSpan? atMost)
    {
        _woken = Arm(pairs);
        _sleepStart = Stopwatch.GetTimestamp();
        _sleepAtMost = atMost;
        return _woken ? TimeSpan.Zero : atMost;
    }

    /// <summary>Asks the driver for kicks; true when work came meanwhile.</summary>
    private bool Arm(NetQueuePair[] pairs)
    {
        _armed = true;
        bool more = false;
        foreach (NetQueuePair pair in pairs)
        {
            if (pair.CanTransmit || pair.Transmit is { Queue: not null, WasEnabled: true }) more |= pair.Transmit.Queue!.EnableKicks() && !_device.HoldsBack(pair);
            if (pair.CanReceive && _device.WantsReceiveKicks) more |= pair.Receive.Queue!.EnableKicks() && _device.NextWork is null && !pair.Filler.IsStarved;
        }
        return more;
    }

    private void Disarm(NetQueuePair[] pairs)
    {
        _armed = false;
        _idleRounds = 0;
        foreach (NetQueuePair pair in pairs)
        {
            pair.Transmit.Queue?.DisableKicks();
            pair.Receive.Queue?.DisableKicks();
        }
    }

    private void Accept()
    {
        while (_listener!.TryAccept() is FileDescriptor socket) _waitingRoom!.Admit(socket);
    }

    private bool TryConnect()
    {
        FileDescriptor socket = Libc.UnixSocket();
        int errno = Libc.Connect(socket.Number, Path);
        if (errno == 0)
        {
            BeginSession(socket);
            return true;
        }
        socket.Dispose();
        if (errno is Errno.EACCES or Errno.EPERM)
            _fault = new VhostException(VhostError.PermissionDenied, $"This user may not connect to socket '{Path}'.", Path, "Ask its owner; QEMU has no option for the mode, chmod it.");
        return false;
    }

    private void BeginSession(FileDescriptor socket)
    {
        _fault = null;
        _lastOfSession = null;
        _sessions++;
        _peer = PeerInfo.Of(socket.Number);
        _since = DateTimeOffset.Now;
        _idleRounds = 0;
        _armed = false;
        var connection = new Connection(socket, isFrontEnd: false, dialect: _offer.Dialect);
        _messages = connection.Log;
        _session = new BackEnd(connection, _offer, _device, WatchKick, ring => _loop.Unwatch(ring.KickFd!.Number))
        {
            ChannelOpened = WatchChannel,
            ChannelClosing = channel => _loop.Unwatch(channel.Fd),
        };
        _loop.Watch(socket.Number, HandleMessages);
        SetState(EndpointState.Connected);
    }

    private void EndSession(VhostException? cause)
    {
        if (_session is null) return;
        // Lost memory reads as zeros, which soon breaks a rule of the ring: name the cause rather than what came of it.
        if (cause is not null) cause = _session.LostMemory ?? cause;
        // A peer that closes at a message's end has simply left.
        if (cause is not null && cause.Error != VhostError.PeerDisconnected) _fault = cause;
        if (cause is not null) _session.TellError(cause);
        _loop.Unwatch(_session.Connection.Fd);
        _past = _past.Plus(_session.Rings);
        _session.Dispose();
        _session = null;
        _peer = null;
        SetState(RestingState);
    }

    private void HandleMessages()
    {
        BackEnd session = _session!;
        try
        {
            session.HandleMessages();
            NetQueuePair[] pairs = session.ActivePairs;
            Disarm(pairs);
            SetState(pairs.Any(pair => pair.CanReceive || pair.CanTransmit) ? EndpointState.Running : EndpointState.Connected);
        }
        catch (Exception error)
        {
            EndSession(Explain(error));
        }
        finally
        {
            if (session.LastRefusal != _lastOfSession) _refusal = _lastOfSession = session.LastRefusal;
        }
    }

    private void WatchKick(Vring ring)
    {
        if (ring.IsReversed) return; // its kick is for the peer
        int fd = ring.KickFd!.Number;
        _loop.Unwatch(fd);
        // Edge-triggered, every kick is an event and the counter need not be read: a read could block if the peer made it so.
        _loop.Watch(fd, () =>
        {
            ring.Counters.KicksReceived++;
            _woken = true;
        }, Libc.EPOLLIN | Libc.EPOLLET);
    }
}
