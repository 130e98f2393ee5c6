namespace VhostUser.Packets.Pcap;

/// <summary>What is known about a packet besides its bytes: epb_flags (draft-ietf-opsawg-pcapng §4.3.1).</summary>
[Flags]
internal enum CaptureFlags : uint
{
    None = 0,

    /// <summary>The interface received it.</summary>
    Inbound = 1,

    /// <summary>The interface sent it.</summary>
    Outbound = 2,

    /// <summary>Its checksum is left to a later stage and not in the bytes yet.</summary>
    ChecksumNotReady = 1 << 9,

    /// <summary>Somebody vouches for its checksum.</summary>
    ChecksumValid = 1 << 10,

    /// <summary>It will be cut into TCP segments at a later stage.</summary>
    SegmentationOffload = 1 << 11,
}
