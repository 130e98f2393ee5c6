using System.Buffers.Binary;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>Writes and reads Ethernet packets in classic pcap, the form testpmd's net_pcap device replays and captures.</summary>
public static class PcapFile
{
    private const uint Magic = 0xa1b2c3d4;
    private const uint MagicNanoseconds = 0xa1b23c4d;
    private const int FileHeader = 24;
    private const int PacketHeader = 16;

    /// <summary>Writes <paramref name="packets"/> (Ethernet frames without FCS) to <paramref name="path"/>.</summary>
    public static void Write(string path, IEnumerable<byte[]> packets)
    {
        using var file = File.Create(path);
        Span<byte> header = stackalloc byte[FileHeader];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 4);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], 65535);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 1);
        file.Write(header);
        var packetHeader = header[..PacketHeader];
        foreach (var packet in packets)
        {
            packetHeader.Clear();
            BinaryPrimitives.WriteInt32LittleEndian(packetHeader[8..], packet.Length);
            BinaryPrimitives.WriteInt32LittleEndian(packetHeader[12..], packet.Length);
            file.Write(packetHeader);
            file.Write(packet);
        }
    }

    /// <summary>Reads the packets that <paramref name="path"/> holds.</summary>
    public static List<byte[]> Read(string path)
    {
        ReadOnlySpan<byte> file = File.ReadAllBytes(path);
        if (file.Length < FileHeader || BinaryPrimitives.ReadUInt32LittleEndian(file) is not (Magic or MagicNanoseconds))
            throw new InvalidDataException($"{path} is not a little-endian pcap file");
        List<byte[]> packets = [];
        for (var rest = file[FileHeader..]; rest.Length > 0;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(rest[8..]);
            packets.Add(rest.Slice(PacketHeader, length).ToArray());
            rest = rest[(PacketHeader + length)..];
        }
        return packets;
    }
}
