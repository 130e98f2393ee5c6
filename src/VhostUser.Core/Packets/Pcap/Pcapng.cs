namespace VhostUser.Packets.Pcap;

/// <summary>The numbers of pcapng that are written or read (draft-ietf-opsawg-pcapng §4), and of its predecessor pcap.</summary>
internal static class Pcapng
{
    public const uint SectionHeader = 0x0A0D0D0A;
    public const uint InterfaceDescription = 1;
    public const uint PacketBlock = 2; // obsolete, still read
    public const uint SimplePacket = 3;
    public const uint InterfaceStatistics = 5;
    public const uint EnhancedPacket = 6;

    /// <summary>First word of a section's body, by which its byte order is known.</summary>
    public const uint ByteOrderMagic = 0x1A2B3C4D;

    /// <summary>LINKTYPE_ETHERNET: frames from the destination address to the last byte before the FCS.</summary>
    public const int Ethernet = 1;

    // Options of any block.
    public const ushort EndOfOptions = 0;
    public const ushort Comment = 1;

    // Options of a section header.
    public const ushort Hardware = 2;
    public const ushort OperatingSystem = 3;
    public const ushort Application = 4;

    // Options of an interface description.
    public const ushort InterfaceName = 2;
    public const ushort InterfaceDescriptionText = 3;
    public const ushort InterfaceResolution = 9;
    public const ushort InterfaceTimeOffset = 14;
    public const ushort InterfaceHardware = 15;

    // Options of an enhanced packet.
    public const ushort PacketFlags = 2;
    public const ushort PacketDropCount = 4;
    public const ushort PacketQueue = 6;

    // Options of interface statistics.
    public const ushort StatisticsStart = 2;
    public const ushort StatisticsEnd = 3;
    public const ushort StatisticsReceived = 4;
    public const ushort StatisticsDropped = 5;
    public const ushort StatisticsDelivered = 8;

    /// <summary>pcap's first word with time stamps in microseconds.</summary>
    public const uint PcapMicroseconds = 0xA1B2C3D4;

    /// <summary>pcap's first word with time stamps in nanoseconds.</summary>
    public const uint PcapNanoseconds = 0xA1B23C4D;

    /// <summary>Bytes up to the next multiple of four, to which every body and option is padded.</summary>
    public static int Padding(int length) => -length & 3;
}
