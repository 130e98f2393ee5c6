namespace VhostUser.Devices.Net.Control;

/// <summary>Classes of control commands (virtio 1.3 §5.1.6.5), with the commands of each.</summary>
internal static class ControlClass
{
    public const byte Receive = 0;
    public const byte Mac = 1;
    public const byte Vlan = 2;
    public const byte Announce = 3;
    public const byte MultiQueue = 4;
    public const byte GuestOffloads = 5;

    public const byte ReceivePromiscuous = 0;
    public const byte ReceiveAllMulticast = 1;
    public const byte ReceiveAllUnicast = 2;
    public const byte ReceiveNoMulticast = 3;
    public const byte ReceiveNoUnicast = 4;
    public const byte ReceiveNoBroadcast = 5;

    public const byte MacTableSet = 0;
    public const byte MacAddressSet = 1;

    public const byte VlanAdd = 0;
    public const byte VlanRemove = 1;

    public const byte AnnounceAck = 0;

    public const byte MultiQueuePairsSet = 0;

    public const byte GuestOffloadsSet = 0;

    /// <summary>The answer to a command that was obeyed (VIRTIO_NET_OK).</summary>
    public const byte Ok = 0;

    /// <summary>The answer to any other (VIRTIO_NET_ERR).</summary>
    public const byte Error = 1;
}
