using VhostUser.Interop;

namespace VhostUser.Transport;

/// <summary>One message to send or one buffer to receive into; up to four pieces.</summary>
internal unsafe struct WorkRequest
{
    public const int MaxPieces = 4;

    /// <summary>The pieces, in order; read when the request is posted.</summary>
    public iovec* Pieces;
    public int Count;
    /// <summary>The registration of each piece.</summary>
    public nint* Registrations;
    /// <summary>Number that the completion comes back with, below the engine's count of slots; free again then.</summary>
    public int Slot;
    /// <summary>Whether more requests follow in this burst: a device may ring its bell once.</summary>
    public bool More;
}

/// <summary>What became of a request.</summary>
internal struct Completion
{
    public int Slot;
    /// <summary>Bytes received.</summary>
    public uint Length;
    /// <summary>0, or the fabric's error number: the connection is of no use any more.</summary>
    public int Error;
}

/// <summary>
/// Endpoints to one peer, one per queue pair and purpose, made for bursts. All calls come from one thread. The one way from here to a
/// fabric; a test, or a driver that goes straight to the hardware, takes its place.
/// </summary>
internal abstract unsafe class LinkEngine : IDisposable
{
    /// <summary>Pieces that a message may have.</summary>
    public virtual int MaxPieces => WorkRequest.MaxPieces;

    /// <summary>A descriptor that becomes readable when there is something to poll for, or -1: then the engine must be polled.</summary>
    public virtual int WaitFd => -1;

    /// <summary>Registers memory for sends and receives; lasts until <see cref="Unregister"/> or the engine ends.</summary>
    /// <exception cref="VhostException">FabricFailed.</exception>
    public abstract nint Register(byte* address, ulong length);

    /// <summary>Ends a registration: the fabric has no hand in the memory any more.</summary>
    public abstract void Unregister(nint registration);

    /// <summary>Posts messages in their order; how many were taken. The rest is for later.</summary>
    public abstract int PostSends(int endpoint, ReadOnlySpan<WorkRequest> requests);

    /// <summary>Posts receive buffers in their order; how many were taken.</summary>
    public abstract int PostReceives(int endpoint, ReadOnlySpan<WorkRequest> requests);

    /// <summary>Reads completions; 0 when there are none.</summary>
    public abstract int Poll(Span<Completion> completions);

    /// <summary>Whether the peer closed its end, as far as the fabric tells.</summary>
    public abstract bool IsClosed { get; }

    /// <summary>Whether the thread may sleep on <see cref="WaitFd"/>; false when there is something to poll for.</summary>
    public virtual bool TryWait() => true;

    /// <summary>Closes all endpoints first: when this returns, the fabric neither reads nor writes memory of this process.</summary>
    public abstract void Dispose();
}
