using System.Diagnostics;
using VhostUser.Devices.Net;

namespace VhostUser.Endpoints;

/// <summary>
/// Says when a server's thread is out of the house: inside the packet handler of its owner, which may take any time. What the
/// thread owns stands still meanwhile, so that others may look at it; the thread does not return into a look.
/// </summary>
internal sealed class Absence
{
    private readonly Lock _gate = new();
    private long _since; // a timestamp, or 0 when the thread is at home

    /// <summary>For how long the thread has been away, or null when it is at home.</summary>
    public TimeSpan? Elapsed => Volatile.Read(ref _since) is not 0 and long since ? Stopwatch.GetElapsedTime(since) : null;

    /// <summary>The same handler, known to be away while it runs.</summary>
    public PacketHandler Around(PacketHandler handler) => (queue, header, frame) =>
    {
        lock (_gate) _since = Stopwatch.GetTimestamp();
        try
        {
            return handler(queue, header, frame);
        }
        finally
        {
            lock (_gate) _since = 0;
        }
    };

    /// <summary>Looks in the place of the thread if it is away; false when it is at home and can look itself.</summary>
    public bool TryLook<T>(Func<T> look, out T? result)
    {
        lock (_gate)
        {
            result = _since == 0 ? default : look();
            return _since != 0;
        }
    }
}
