using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Rings.Packed;
using VhostUser.Rings.Split;

namespace VhostUser.Rings;

/// <summary>One ring of a front-end: its areas in shared memory, its queue, its kick and call descriptors.</summary>
internal sealed unsafe class DriverRing : IDisposable
{
    private readonly RegionPiece _piece;
    private readonly RegionPiece? _tablePiece;

    private DriverRing(int index, RegionPiece piece, RegionPiece? tables, RingAreas areas, DriverQueue queue)
    {
        Index = index;
        _piece = piece;
        _tablePiece = tables;
        Areas = areas;
        Queue = queue;
        KickFd = Libc.EventFd();
        CallFd = Libc.EventFd();
    }

    public int Index { get; }

    public DriverQueue Queue { get; }

    public RingAreas Areas { get; }

    public FileDescriptor KickFd { get; }

    public FileDescriptor CallFd { get; }

    /// <summary>With INBAND_NOTIFICATIONS: kicks the device by message instead of by descriptor.</summary>
    public Action<int>? KickByMessage { get; set; }

    /// <summary>Whether the back-end plays the driver on this ring, as vapp's does on ring 0: this side then waits on the kick.</summary>
    public bool IsReversed { get; private init; }

    /// <summary>The descriptor that becomes readable when the back-end has done something.</summary>
    public FileDescriptor WaitFd => IsReversed ? KickFd : CallFd;

    public VringCounters Counters { get; } = new();

    /// <summary>Front-end user addresses of the areas: what SET_VRING_ADDR carries.</summary>
    public ulong DescriptorAddress => _piece.UserAddress + Areas.Descriptors;

    public ulong AvailableAddress => _piece.UserAddress + Areas.Available;

    public ulong UsedAddress => _piece.UserAddress + Areas.Used;

    /// <summary>Guest-physical address of the used area: where a dirty log marks writes to it.</summary>
    public ulong UsedGuestAddress => _piece.GuestAddress + Areas.Used;

    /// <summary>Places a ring of the negotiated layout into the first region that has room.</summary>
    /// <exception cref="VhostException">RegionTooSmall.</exception>
    public static DriverRing Create(int index, int size, RingFeatures features, RegionSpace space)
    {
        RingAreas areas = RingAreas.Standard(size, features.Packed);
        RegionPiece piece = space.Allocate(areas.TotalBytes, $"ring {index} of {areas.Size} descriptors");
        RegionPiece? tablePiece = features.Indirect ? space.TryAllocate(IndirectTables.BytesFor(areas.Size)) : null;
        IndirectTables? tables = tablePiece is null ? null : new IndirectTables(tablePiece);
        Clear(piece);
        DriverQueue queue = features.Packed ? new PackedDriverQueue(PackedAt(piece, areas), features, index, tables) : new SplitDriverQueue(SplitAt(piece, areas), features, index, tables);
        return new DriverRing(index, piece, tablePiece, areas, queue);
    }

    /// <summary>Makes a ring in a piece of memory that was chosen for it, with a queue of the caller's.</summary>
    public static DriverRing Create(int index, RingAreas areas, RegionPiece piece, Func<SplitRing, DriverQueue> createQueue, bool reversed)
    {
        Clear(piece);
        return new DriverRing(index, piece, null, areas, createQueue(SplitAt(piece, areas))) { IsReversed = reversed };
    }

    /// <summary>Timestamp of when the device answered last, or got work while it had none; 0 when it never had any.</summary>
    public long WaitingSince { get; set; }

    /// <summary>Kicks the device if it wants to be kicked for what was published.</summary>
    public void KickIfWanted()
    {
        if (Queue.NeedsKick()) Kick();
        else Counters.KicksSuppressed++;
    }

    /// <summary>Kicks the device whatever it wants.</summary>
    public void Kick()
    {
        if (KickByMessage is null) EventFd.Signal(KickFd.Number);
        else KickByMessage(Index);
        Counters.KicksSent++;
    }

    /// <summary>Takes the calls that came; they are counted and mean nothing more.</summary>
    public void ConsumeCalls() => Counters.CallsReceived += (long)EventFd.Consume(WaitFd.Number);

    public void Dispose()
    {
        KickFd.Dispose();
        CallFd.Dispose();
        _piece.Region.Free(_piece);
        _tablePiece?.Region.Free(_tablePiece);
    }

    private static void Clear(RegionPiece piece) => new Span<byte>(piece.Address, (int)piece.Length).Clear();

    private static SplitRing SplitAt(RegionPiece piece, RingAreas areas) =>
        new(piece.Address + areas.Descriptors, piece.Address + areas.Available, piece.Address + areas.Used, areas.Size);

    private static PackedRing PackedAt(RegionPiece piece, RingAreas areas) =>
        new(piece.Address + areas.Descriptors, piece.Address + areas.Available, piece.Address + areas.Used, areas.Size);
}
