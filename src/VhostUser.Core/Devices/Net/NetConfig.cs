using System.Buffers.Binary;
using VhostUser.Packets;

namespace VhostUser.Devices.Net;

/// <summary>struct virtio_net_config as bytes, little endian (virtio 1.3 §5.1.4).</summary>
internal static class NetConfig
{
    /// <summary>Up to and with supported_tunnel_types.</summary>
    public const int Size = 28;

    public const int StatusOffset = 6;
    public const int MtuOffset = 10;

    /// <summary>VIRTIO_NET_S_ANNOUNCE, a bit of the status: the guest is to announce itself (virtio 1.3 §5.1.6.5.4).</summary>
    public const byte Announce = 2;

    public const int SmallestMtu = 68;
    public const int LargestMtu = 65535;

    private const ushort LinkUp = 1;
    private const uint SpeedMbit = 10_000;
    private const byte FullDuplex = 1;

    /// <param name="mac">The guest's address, or null when none is told.</param>
    /// <param name="queuePairs">Queue pairs of the device.</param>
    /// <param name="mtu">The largest packet behind the Ethernet header, or null.</param>
    public static byte[] Create(MacAddress? mac, int queuePairs, int? mtu)
    {
        byte[] config = new byte[Size];
        mac?.CopyTo(config);
        BinaryPrimitives.WriteUInt16LittleEndian(config.AsSpan(StatusOffset), LinkUp);
        BinaryPrimitives.WriteUInt16LittleEndian(config.AsSpan(8), (ushort)queuePairs);
        BinaryPrimitives.WriteUInt16LittleEndian(config.AsSpan(MtuOffset), (ushort)(mtu ?? 0));
        BinaryPrimitives.WriteUInt32LittleEndian(config.AsSpan(12), SpeedMbit);
        config[16] = FullDuplex; // what follows is about RSS and hash reports, which this device has not
        return config;
    }
}
