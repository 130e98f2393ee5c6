using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Rings.Split;

namespace VhostUser.Rings;

/// <summary>One ring of a front-end: its areas in shared memory, its queue, its kick and call descriptors.</summary>
internal sealed unsafe class DriverRing : IDisposable
{
    private readonly RegionPiece _piece;
    private readonly RegionPiece? _tablePiece;

    private DriverRing(int index, RegionPiece piece, RegionPiece? tables, RingAreas areas, RingFeatures features)
    {
        Index = index;
        _piece = piece;
        _tablePiece = tables;
        Areas = areas;
        new Span<byte>(piece.Address, (int)piece.Length).Clear();
        var ring = new SplitRing(piece.Address + areas.Descriptors, piece.Address + areas.Available, piece.Address + areas.Used, areas.Size);
        Queue = new SplitDriverQueue(ring, features, index, tables is null ? null : new IndirectTables(tables));
        KickFd = Libc.EventFd();
        CallFd = Libc.EventFd();
    }

    public int Index { get; }

    public DriverQueue Queue { get; }

    public RingAreas Areas { get; }

    public FileDescriptor KickFd { get; }

    public FileDescriptor CallFd { get; }

    public VringCounters Counters { get; } = new();

    /// <summary>Front-end user addresses of the areas: what SET_VRING_ADDR carries.</summary>
    public ulong DescriptorAddress => _piece.UserAddress + Areas.Descriptors;

    public ulong AvailableAddress => _piece.UserAddress + Areas.Available;

    public ulong UsedAddress => _piece.UserAddress + Areas.Used;

    /// <summary>Places a ring into the first region that has room.</summary>
    /// <exception cref="VhostException">RegionTooSmall.</exception>
    public static DriverRing Create(int index, RingAreas areas, RingFeatures features, RegionSpace space)
    {
        RegionPiece piece = space.Allocate(areas.TotalBytes, $"ring {index} of {areas.Size} descriptors");
        RegionPiece? tables = features.Indirect ? space.TryAllocate(IndirectTables.BytesFor(areas.Size)) : null;
        return new DriverRing(index, piece, tables, areas, features);
    }

    /// <summary>Kicks the device if it wants to be kicked for what was published.</summary>
    public void KickIfWanted()
    {
        if (Queue.NeedsKick()) Kick();
        else Counters.KicksSuppressed++;
    }

    /// <summary>Kicks the device whatever it wants.</summary>
    public void Kick()
    {
        EventFd.Signal(KickFd.Number);
        Counters.KicksSent++;
    }

    /// <summary>Takes the calls that came; they are counted and mean nothing more.</summary>
    public void ConsumeCalls() => Counters.CallsReceived += (long)EventFd.Consume(CallFd.Number);

    public void Dispose()
    {
        KickFd.Dispose();
        CallFd.Dispose();
        _piece.Region.Free(_piece);
        _tablePiece?.Region.Free(_tablePiece);
    }
}
