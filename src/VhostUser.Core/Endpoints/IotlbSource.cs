using System.Collections.Concurrent;
using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>
/// Answers a back-end's IOTLB misses with UPDATEs on the main socket, on a thread of its own: the thread that serves the channel
/// must stay free while another request is in flight there.
/// </summary>
internal sealed class IotlbSource : IDisposable
{
    private readonly FrontEnd _frontEnd;
    private readonly IovaMap _map;
    private readonly Func<ulong, ulong> _address;
    private readonly BlockingCollection<IotlbPayload> _misses = new(4096);
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private long _answered;
    private long _unanswered;

    /// <param name="frontEnd">The main socket.</param>
    /// <param name="map">The IOMMU.</param>
    /// <param name="address">Turns a user address into what an UPDATE carries.</param>
    /// <param name="name">Name of the client.</param>
    public IotlbSource(FrontEnd frontEnd, IovaMap map, Func<ulong, ulong> address, string name)
    {
        _frontEnd = frontEnd;
        _map = map;
        _address = address;
        _thread = new Thread(Run) { IsBackground = true, Name = "vhost iotlb " + name };
        _thread.Start();
    }

    /// <summary>Misses that were answered with an UPDATE.</summary>
    public long Answered => Volatile.Read(ref _answered);

    /// <summary>Misses of addresses that nothing is mapped at.</summary>
    public long Unanswered => Volatile.Read(ref _unanswered);

    /// <summary>The failure that ended this thread, or null.</summary>
    public VhostException? Fault { get; private set; }

    /// <summary>Takes a miss; one that comes faster than they are answered is refused.</summary>
    public void Miss(IotlbPayload miss)
    {
        if (!_misses.TryAdd(miss))
            throw new VhostException(VhostError.RequestRefused, $"BACKEND_IOTLB_MSG: {_misses.BoundedCapacity} misses wait already.", "BACKEND_IOTLB_MSG", "The back-end asks faster than it takes answers.");
    }

    /// <summary>Tells the back-end to forget a range; it has when this returns.</summary>
    public void Invalidate(ulong iova, ulong size, CancellationToken cancel) =>
        _frontEnd.Set(FrontEndRequest.IotlbMsg, new IotlbPayload { Iova = iova, Size = size, Type = IotlbType.Invalidate }, cancel);

    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _misses.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        try
        {
            foreach (IotlbPayload miss in _misses.GetConsumingEnumerable(_stop.Token)) Answer(miss);
        }
        catch (OperationCanceledException)
        {
            // The client ends.
        }
        catch (VhostException error)
        {
            Fault = error; // the main socket failed; whoever uses the client next finds that out
        }
    }

    private void Answer(IotlbPayload miss)
    {
        if (_map.Answer(miss.Iova) is not IotlbPayload update)
        {
            Interlocked.Increment(ref _unanswered);
            return;
        }
        update.UserAddress = _address(update.UserAddress);
        _frontEnd.Set(FrontEndRequest.IotlbMsg, update, _stop.Token);
        Interlocked.Increment(ref _answered);
    }
}
