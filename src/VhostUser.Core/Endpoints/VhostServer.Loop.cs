using VhostUser.Devices.Net;
using VhostUser.Interop;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>The server's thread: sockets, sessions, and the rounds over the rings.</summary>
public sealed partial class VhostServer
{
    private void Run()
    {
        try
        {
            if (_options.Core is int core) Libc.PinThread(core);
            if (_listener is not null) _loop.Watch(_listener.Fd, Accept);
            if (_device.WakeFd >= 0) _loop.Watch(_device.WakeFd, static () => { }); // waking up is all: the round looks at the device
            while (!_stopping) Step();
            EndSession(null);
            CleanUp();
            SetState(EndpointState.Stopped);
        }
        catch (Exception error)
        {
            // A thread that throws would take the shell with it: the fault becomes the server's state.
            _fault = Explain(error);
            CleanUp();
            SetState(EndpointState.Faulted);
        }
    }

    private void CleanUp()
    {
        BackEnd? session = _session;
        if (session is not null) _past = _past.Plus(session.Rings);
        _session = null;
        session?.Dispose();
        _waitingRoom.Dispose();
        _listener?.Dispose();
        _device.Dispose();
    }

    /// <summary>What ended a session or the server; anything but a known error is a defect, and says so.</summary>
    private VhostException Explain(Exception error) => error as VhostException ?? new VhostException(VhostError.NativeCallFailed,
        $"Server '{Name}' failed: {error.GetType().Name}: {error.Message}", Name, "This is a defect of the module; please report it.", error);

    private void Step()
    {
        if (_session is null)
        {
            if (_options.Connect && TryConnect()) return;
            _loop.Wait(_options.Connect ? ReconnectInterval : null);
            return;
        }
        try
        {
            _loop.Wait(WorkRounds());
            if (_session?.LostMemory is VhostException lost) EndSession(lost);
        }
        catch (Exception error)
        {
            // Whatever went wrong belongs to this session; the next one finds a server that listens.
            EndSession(Explain(error));
        }
    }

    /// <summary>Goes over the rings until it is time to look at the sockets; returns how long to wait there.</summary>
    private TimeSpan? WorkRounds()
    {
        NetQueuePair[] pairs = _session!.ActivePairs;
        if (_armed) Disarm(pairs);
        for (int round = 0; round < RoundsPerLook; round++)
        {
            bool busy = false;
            foreach (NetQueuePair pair in pairs)
            {
                busy |= _device.Process(pair);
                if (!pair.CanTransmit && pair.Transmit is { Queue: not null, WasEnabled: true }) busy |= NetDevice.Discard(pair);
            }
            if (busy)
            {
                _idleRounds = 0;
                continue;
            }
            if (_options.Poll) continue;
            TimeSpan? next = _device.NextWork;
            if (next is TimeSpan due)
            {
                if (due > TimeSpan.FromMilliseconds(1)) return Arm(pairs) ? TimeSpan.Zero : due;
                // Due, and yet nothing was done: the ring is full. Look again in a moment.
                return ++_idleRounds < RoundsPerLook ? TimeSpan.Zero : TimeSpan.FromMilliseconds(1);
            }
            if (++_idleRounds < IdleRoundsBeforeSleep) continue;
            // Nobody will wake this thread for a ring without a kick descriptor, or in time for one that lacks room: look again in a moment.
            return Arm(pairs) ? TimeSpan.Zero : _session.MustPoll || pairs.Any(pair => pair.Filler.IsStarved) ? TimeSpan.FromMilliseconds(1) : null;
        }
        return TimeSpan.Zero;
    }

    /// <summary>Asks the driver for kicks; true when work came meanwhile.</summary>
    private bool Arm(NetQueuePair[] pairs)
    {
        _armed = true;
        bool more = false;
        foreach (NetQueuePair pair in pairs)
        {
            if (pair.CanTransmit || pair.Transmit is { Queue: not null, WasEnabled: true }) more |= pair.Transmit.Queue!.EnableKicks();
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
        while (_listener!.TryAccept() is FileDescriptor socket)
        {
            _waitingRoom.Admit(socket);
        }
    }

    /// <summary>A connection spoke: it is the front-end, or a second one that can't be served.</summary>
    private void Welcome(FileDescriptor socket)
    {
        if (_session is not null)
        {
            TurnAway(socket);
            return;
        }
        try
        {
            BeginSession(socket);
            _waitingRoom.Dispose(); // those who said nothing had their chance
            HandleMessages();
        }
        catch (Exception error) when (error is not VhostException)
        {
            socket.Dispose();
            _fault = Explain(error);
            EndSession(_fault);
        }
    }

    private void TurnAway(FileDescriptor socket)
    {
        _rejected++;
        _refusal = new VhostException(VhostError.ServerOccupied,
            $"A second front-end, {PeerInfo.Of(socket.Number)}, was turned away: {_peer} has been here since {_since:HH:mm:ss}.", Name,
            "Disconnect the one that is there, or start another server.");
        socket.Dispose();
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
        _session = new BackEnd(new Connection(socket, isFrontEnd: false), _offer, _device, WatchKick, ring => _loop.Unwatch(ring.KickFd!.Number));
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
        }
        catch (VhostException error)
        {
            EndSession(error);
            return;
        }
        finally
        {
            if (session.LastRefusal != _lastOfSession) _refusal = _lastOfSession = session.LastRefusal;
        }
        _idleRounds = 0;
        NetQueuePair[] pairs = session.ActivePairs;
        Disarm(pairs);
        SetState(pairs.Any(pair => pair.CanReceive || pair.CanTransmit) ? EndpointState.Running : EndpointState.Connected);
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
            _idleRounds = 0;
        }, Libc.EPOLLIN | Libc.EPOLLET);
    }
}
