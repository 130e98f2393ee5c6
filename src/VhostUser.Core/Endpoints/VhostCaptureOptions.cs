using VhostUser.Packets;

namespace VhostUser.Endpoints;

/// <summary>How a capture is to be.</summary>
public sealed record VhostCaptureOptions
{
    /// <summary>Name, unique in the process.</summary>
    public required string Name { get; init; }

    /// <summary>The file; with rotation, "-00001" and so on is put before its extension.</summary>
    public required string Path { get; init; }

    /// <summary>Whose packets are captured: one interface of the file each.</summary>
    public required IReadOnlyList<CaptureSource> Sources { get; init; }

    /// <summary>The most bytes kept of a packet, or 0 for all.</summary>
    public int SnapLength { get; init; }

    /// <summary>Which way they go.</summary>
    public CaptureDirection Direction { get; init; }

    /// <summary>What is captured by EtherType, looked for behind VLAN tags; empty for all.</summary>
    public IReadOnlyList<EtherType> EtherTypes { get; init; } = [];

    /// <summary>Packets after which the capture ends, or 0 for no limit.</summary>
    public long Count { get; init; }

    /// <summary>Bytes of all its files together after which it ends, or 0 for no limit; the statistics at the end of a file come on top.</summary>
    public long Size { get; init; }

    /// <summary>Time after which it ends, or null for no limit.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Bytes of a file after which the next one is begun, or 0.</summary>
    public long RotateSize { get; init; }

    /// <summary>Packets of a file after which the next one is begun, or 0.</summary>
    public long RotateCount { get; init; }

    /// <summary>How many files are kept when there is rotation, the newest ones; 0 for all.</summary>
    public int Keep { get; init; }

    /// <summary>Bytes between each endpoint and the file; what comes faster than the file takes it for longer than this lasts is dropped and counted.</summary>
    public int BufferSize { get; init; } = 16 << 20;

    /// <summary>Whether a file that exists is written over.</summary>
    public bool Force { get; init; }

    /// <summary>Whether the capture goes into a row of files.</summary>
    internal bool Rotates => RotateSize > 0 || RotateCount > 0;
}
