namespace VhostUser.Devices.Net.Offloads;

/// <summary>How a packet is to be cut (gso_type, virtio 1.3 §5.1.6).</summary>
internal static class GsoType
{
    public const byte None = 0;
    public const byte TcpV4 = 1;
    public const byte Udp = 3;
    public const byte TcpV6 = 4;
    public const byte UdpL4 = 5;

    /// <summary>A bit beside the type: the packet has the CWR bit of explicit congestion notification set.</summary>
    public const byte Ecn = 0x80;
}
