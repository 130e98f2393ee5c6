namespace VhostUser.Packets;

/// <summary>The flags of a virtio-net header (virtio 1.3 §5.1.6).</summary>
[Flags]
public enum NetHeaderFlags : byte
{
    /// <summary>No flag set.</summary>
    None = 0,

    /// <summary>The checksum is left to the receiver (VIRTIO_NET_HDR_F_NEEDS_CSUM).</summary>
    NeedsCsum = 1,

    /// <summary>The sender vouches for the checksum (VIRTIO_NET_HDR_F_DATA_VALID).</summary>
    DataValid = 2,

    /// <summary>The checksum fields hold receive coalescing counts (VIRTIO_NET_HDR_F_RSC_INFO).</summary>
    RscInfo = 4,
}
