namespace VhostUser.Rings.Vapp;

/// <summary>
/// The numbers of Virtual Open Systems' vapp: per ring one region that holds its structure (<see cref="RingAreas.Vapp"/>) and behind
/// it a buffer for each descriptor.
/// </summary>
internal static class VappLayout
{
    /// <summary>Descriptors of each ring.</summary>
    public const int QueueSize = 32768;

    /// <summary>Rings: 0 towards the client, 1 towards the server. vapp's server aborts on any other index.</summary>
    public const int RingCount = 2;

    /// <summary>
    /// The ring on which the server writes the available ring and signals the kick, and the client takes and writes the used ring:
    /// the reverse of virtio 1.3 §2.6.
    /// </summary>
    public const int ReversedRing = 0;

    /// <summary>Bytes of a buffer: header and packet.</summary>
    public const int BufferSize = 1528;

    /// <summary>The most bytes of a chain, header included: both programs copy into 1518 bytes, of which they leave one.</summary>
    public const uint MaxChain = 1517;

    /// <summary>Bytes of a region: structure and buffers, in whole MiB.</summary>
    public const long RegionSize = 49 << 20;

    /// <summary>
    /// The largest used index that vapp's client survives: it steps its own index modulo 32768 and waits until it equals the used
    /// index, which 32768 never does.
    /// </summary>
    public const ushort LastUsedIndex = QueueSize - 1;

    /// <summary>End of the list of free descriptors in <c>next</c>.</summary>
    public const ushort NoDescriptor = ushort.MaxValue;
}
