namespace VhostUser.Rings;

/// <summary>Why a packet went no further.</summary>
public enum DropReason
{
    /// <summary>The chain is shorter than the virtio-net header.</summary>
    ShorterThanHeader,
    /// <summary>A transmit chain has device-writable buffers, or a receive chain readable ones.</summary>
    WrongDirection,
    /// <summary>The packet is longer than what a device accepts.</summary>
    TooLong,
    /// <summary>The packet has no bytes behind its header.</summary>
    Empty,
    /// <summary>The header asks for a checksum outside the packet, or has an invalid segmentation type.</summary>
    InvalidHeader,
    /// <summary>The peer had no receive buffer free.</summary>
    NoReceiveBuffer,
    /// <summary>The peer's receive buffers are too small for the packet.</summary>
    ReceiveBufferTooSmall,
    /// <summary>The receive ring is not started.</summary>
    ReceiveRingStopped,
    /// <summary>The packet script failed or gave something that is no packet.</summary>
    ScriptFailed,
    /// <summary>The tap interface refused the packet.</summary>
    TapRefused,
    /// <summary>The ring was disabled: its packets are processed and thrown away (vhost-user, "Ring states").</summary>
    RingDisabled,
    /// <summary>The packet is too short for an Ethernet header, so a bridge can't tell where it goes.</summary>
    NoEthernetHeader,
    /// <summary>A bridge's port does not let the packet's VLAN pass.</summary>
    VlanFiltered,
    /// <summary>The packet's destination is on the bridge's port that it came by, or on one that this port may not send to.</summary>
    SamePort,
    /// <summary>A bridge has no other port for the packet.</summary>
    NoDestination,
    /// <summary>The packet claims more merged buffers than came (num_buffers, virtio 1.3 §5.1.6.4).</summary>
    Incomplete,
    /// <summary>The receiver said by a control command that it does not want such packets (virtio 1.3 §5.1.6.5).</summary>
    NotWanted,
    /// <summary>The link to the other host was down, or came no further for longer than its DropAfter.</summary>
    LinkDown,
    /// <summary>The link to the other host had no room: it is slower than what a bridge sends to it.</summary>
    LinkBusy,
}
