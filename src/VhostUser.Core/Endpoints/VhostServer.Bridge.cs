using VhostUser.Devices.Net;

namespace VhostUser.Endpoints;

/// <summary>How a server becomes the port of a bridge and stops being one, while its session goes on.</summary>
public sealed partial class VhostServer
{
    /// <summary>The bridge that this server is a port of, or null.</summary>
    internal VhostBridge? Bridge { get; private set; }

    private volatile bool _attached = true;

    /// <summary>Hands the session over to the bridge's thread and device; the bridge holds its lock.</summary>
    internal void JoinBridge(VhostBridge bridge, Worker worker, NetDevice device)
    {
        Worker own = _worker;
        MoveTo(worker, device);
        Bridge = bridge;
        own.Stop(StopTimeout);
    }

    /// <summary>Takes the session back to a thread of its own; the bridge holds its lock.</summary>
    internal void LeaveBridge()
    {
        var own = new Worker(_options.Name, _options.Core);
        own.Start();
        MoveTo(own, _ownDevice);
        Bridge = null;
    }

    private void MoveTo(Worker target, NetDevice device)
    {
        Worker source = _worker;
        source.Invoke(() =>
        {
            _attached = false; // on neither thread for a moment: whoever asks waits
            UnwatchAll();
            source.Remove(this);
            _device.PairsChanged([]);
            _worker = target;
            return true;
        });
        target.Invoke(() =>
        {
            _device = device;
            ((IWorkerMember)this).Begin(target.Loop);
            WatchSession();
            target.Add(this);
            _attached = true;
            return true;
        });
    }

    private void UnwatchAll()
    {
        if (_listener is not null) _loop.Unwatch(_listener.Fd);
        _waitingRoom?.Dispose();
        if (_device.WakeFd >= 0) _loop.Unwatch(_device.WakeFd);
        if (_session is null) return;
        _loop.Unwatch(_session.Connection.Fd);
        foreach (Rings.Vring ring in _session.Rings)
        {
            if (ring is { Queue: not null, KickFd: not null }) _loop.Unwatch(ring.KickFd.Number);
        }
    }

    private void WatchSession()
    {
        if (_session is null) return;
        _session.Device = _device;
        _device.PairsChanged(_session.ActivePairs);
        _loop.Watch(_session.Connection.Fd, HandleMessages);
        foreach (Rings.Vring ring in _session.Rings)
        {
            if (ring is { Queue: not null, KickFd: not null }) WatchKick(ring);
        }
    }
}
