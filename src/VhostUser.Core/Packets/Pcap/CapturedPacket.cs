namespace VhostUser.Packets.Pcap;

/// <summary>One packet of a capture file.</summary>
internal readonly record struct CapturedPacket
{
    /// <summary>Number of its interface, from 0; over all sections of the file.</summary>
    public int Interface { get; init; }

    /// <summary>When it was captured: nanoseconds since 1970 UTC, or 0 where the file does not tell.</summary>
    public long Time { get; init; }

    /// <summary>Its bytes, as many as were kept; valid until the next packet is read.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Bytes it had on the wire.</summary>
    public uint Length { get; init; }

    /// <summary>What else is known about it.</summary>
    public CaptureFlags Flags { get; init; }

    /// <summary>epb_queue: the queue it came by, or null.</summary>
    public uint? Queue { get; init; }

    /// <summary>epb_dropcount: packets of the interface that were lost since the one before.</summary>
    public ulong DropCount { get; init; }

    /// <summary>opt_comment, or null.</summary>
    public string? Comment { get; init; }
}
