using System.Buffers.Binary;

namespace VhostUser.Packets.Pcap;

/// <summary>Numbers in the byte order of the machine that wrote the file.</summary>
internal readonly struct ByteOrder(bool bigEndian)
{
    public bool IsBigEndian => bigEndian;

    public ushort UInt16(ReadOnlySpan<byte> bytes) => bigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    public uint UInt32(ReadOnlySpan<byte> bytes) => bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    public ulong UInt64(ReadOnlySpan<byte> bytes) => bigEndian ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : BinaryPrimitives.ReadUInt64LittleEndian(bytes);

    public void Put(Span<byte> into, ushort value)
    {
        if (bigEndian) BinaryPrimitives.WriteUInt16BigEndian(into, value);
        else BinaryPrimitives.WriteUInt16LittleEndian(into, value);
    }

    public void Put(Span<byte> into, uint value)
    {
        if (bigEndian) BinaryPrimitives.WriteUInt32BigEndian(into, value);
        else BinaryPrimitives.WriteUInt32LittleEndian(into, value);
    }

    public void Put(Span<byte> into, ulong value)
    {
        if (bigEndian) BinaryPrimitives.WriteUInt64BigEndian(into, value);
        else BinaryPrimitives.WriteUInt64LittleEndian(into, value);
    }
}
