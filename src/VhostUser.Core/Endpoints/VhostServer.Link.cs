using VhostUser.Devices.Net;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>How a server is joined to a link and parted from it again, while its session goes on.</summary>
public sealed partial class VhostServer
{
    /// <summary>The link that this server is joined to, or null.</summary>
    internal IbTransport? Link { get; private set; }

    /// <summary>Queue pairs that the server offers.</summary>
    internal int QueuePairs => _options.QueuePairs;

    /// <summary>The guest's features, or none; to be asked on the server's thread.</summary>
    internal VirtioFeatures GuestFeatures => _session?.Features ?? VirtioFeatures.None;

    /// <summary>Puts a link's device in the place of the mode's; the link works on the server's thread from then on.</summary>
    /// <exception cref="VhostException">NameInUse: the server is joined to something else. HandleClosed.</exception>
    internal Worker JoinLink(IbTransport link, NetDevice device)
    {
        lock (_disposeLock)
        {
            if (_disposed) throw new VhostException(VhostError.HandleClosed, $"Server '{Name}' was stopped.", Name, "Start a new one with Start-VhostServer.");
            if (Link is IbTransport other)
                throw new VhostException(VhostError.NameInUse, $"Server '{Name}' is joined to link '{other.Name}' already.", Name, $"Remove-IbTransport {other.Name}; for several links, join them and the server by a bridge: New-VhostBridge.");
            if (Bridge is VhostBridge bridge)
                throw new VhostException(VhostError.NameInUse, $"Server '{Name}' is a port of bridge '{bridge.Name}'.", Name, $"Make the link a port of it too: New-IbTransport {link.Name} -Bridge {bridge.Name} …");
            Worker worker = _worker;
            worker.Invoke(() =>
            {
                ExchangeDevice(device);
                worker.Add(link);
                ((IWorkerMember)link).Begin(worker.Loop);
                return true;
            });
            Link = link;
            return worker;
        }
    }

    /// <summary>Gives the mode's device back its place.</summary>
    internal void LeaveLink(IbTransport link)
    {
        Worker worker = _worker;
        if (!worker.IsAlive) return;
        worker.Invoke(() =>
        {
            worker.Remove(link);
            ExchangeDevice(_ownDevice);
            return true;
        });
        Link = null;
    }

    /// <summary>Makes the next round look at the rings again; to be called on the server's thread.</summary>
    internal void WakeRings() => _woken = true;

    private void ExchangeDevice(NetDevice device)
    {
        if (_device.WakeFd >= 0) _loop.Unwatch(_device.WakeFd);
        _device.PairsChanged([]);
        _device = device;
        WatchDevice();
        if (_session is null) return;
        _session.Device = device;
        device.PairsChanged(_session.ActivePairs);
        _woken = true;
    }
}
