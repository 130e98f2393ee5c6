using System.Buffers.Binary;
using VhostUser.Memory;

namespace VhostUser.Devices.Net.Switching;

/// <summary>Puts a VLAN tag into a frame or takes it out without copying the frame: as a list of pieces of it (IEEE 802.1Q §9.3).</summary>
internal sealed unsafe class VlanTagger
{
    private const uint AddressesLength = 12;
    private const uint TagLength = 4;

    private readonly Segment[] _pieces = GC.AllocateArray<Segment>(512, pinned: true);
    private readonly byte[] _start = GC.AllocateArray<byte>((int)(AddressesLength + TagLength), pinned: true);

    /// <summary>The frame with a tag for a VLAN, or without its tag for 0; valid until the next call. False when it has too many pieces.</summary>
    public bool TryChange(in PacketView packet, in NetHeader header, int vlan, out PacketView changed, out NetHeader moved)
    {
        SegmentCursor cursor = packet.Cursor();
        bool add = vlan != 0;
        uint start = add ? AddressesLength + TagLength : AddressesLength;
        fixed (byte* bytes = _start)
        {
            cursor.Read(bytes, AddressesLength);
            *(ushort*)(bytes + 12) = BinaryPrimitives.ReverseEndianness((ushort)0x8100);
            *(ushort*)(bytes + 14) = BinaryPrimitives.ReverseEndianness((ushort)vlan);
            _pieces[0] = new Segment(bytes, start);
        }
        if (!add) cursor.Skip(TagLength);
        uint left = packet.Length - AddressesLength - (add ? 0 : TagLength);
        uint length = start + left;
        int count = 1;
        for (; left > 0 && count < _pieces.Length; count++)
        {
            _pieces[count] = cursor.Next(left);
            left -= _pieces[count].Length;
        }
        moved = header;
        // What stands behind the tag moves with it.
        int shift = add ? (int)TagLength : -(int)TagLength;
        if ((header.Flags & NetHeader.NeedsCsum) != 0) moved.ChecksumStart = (ushort)(header.ChecksumStart + shift);
        if (header.HeaderLength != 0) moved.HeaderLength = (ushort)(header.HeaderLength + shift);
        fixed (Segment* pieces = _pieces) changed = new PacketView(pieces, count, 0, length);
        return left == 0 && length <= TransmitReader.MaxPacket;
    }
}
