using System.Buffers.Binary;
using System.Net;

namespace VhostUser.Packets;

/// <summary>
/// Splits a frame into layers from the outside in, and stops at the first thing that does not fit: no input makes it throw.
/// The layers lie end to end and cover the frame.
/// </summary>
internal sealed partial class FrameDecoder
{
    /// <summary>The most an IEEE 802.3 frame carries; a larger number in the length field is a type.</summary>
    internal const int MaximumDataLength = 1500;

    private readonly List<PacketLayer> _layers = [];
    private readonly ReadOnlyMemory<byte> _frame;
    private readonly int _pendingChecksum;
    private int _end;

    private FrameDecoder(ReadOnlyMemory<byte> frame, int pendingChecksum)
    {
        _frame = frame;
        _pendingChecksum = pendingChecksum;
        _end = frame.Length;
    }

    private ReadOnlySpan<byte> Bytes => _frame.Span;

    /// <summary>Decodes a frame.</summary>
    /// <param name="frame">The Ethernet frame, without the virtio-net header.</param>
    /// <param name="pendingChecksum">The place of a checksum the sender left to the receiver, or -1: it is not judged.</param>
    internal static IReadOnlyList<PacketLayer> Decode(ReadOnlyMemory<byte> frame, int pendingChecksum = -1)
    {
        var decoder = new FrameDecoder(frame, pendingChecksum);
        decoder.Ethernet();
        if (decoder._end < frame.Length)
            decoder._layers.Add(new TrailerLayer(decoder._end, frame.Length - decoder._end));
        return decoder._layers.AsReadOnly();
    }

    private void Ethernet()
    {
        const int size = 14;
        if (!Fits("Ethernet header", 0, size))
            return;
        EtherType type = ReadEtherType(12);
        _layers.Add(new EthernetLayer(0, size, MacAddress.FromBytes(Bytes), MacAddress.FromBytes(Bytes[6..]), type));

        int offset = size;
        while (type is EtherType.Vlan or EtherType.ProviderVlan)
        {
            if (!Fits("VLAN tag", offset, 4))
                return;
            int control = ReadUInt16(offset);
            EtherType tag = type;
            type = ReadEtherType(offset + 2);
            _layers.Add(new VlanLayer(offset, 4, tag, control & 0xFFF, control >> 13, (control & 0x1000) != 0, type));
            offset += 4;
        }

        switch (type)
        {
            case EtherType.Arp: Arp(offset); break;
            case EtherType.IPv4: Ipv4(offset); break;
            case EtherType.IPv6: Ipv6(offset); break;
            default: EthernetData(type, offset); break;
        }
    }

    private void EthernetData(EtherType type, int offset)
    {
        // IEEE 802.3 §3.2.6: up to 1500 the field is the length of the data.
        if ((int)type <= MaximumDataLength)
        {
            if ((int)type > _end - offset)
            {
                Malformed(offset, $"IEEE 802.3 length: expected at most {_end - offset}, got {(int)type}");
                return;
            }
            _end = offset + (int)type;
        }
        Payload(offset);
    }

    private void Arp(int offset)
    {
        if (!Fits("ARP packet", offset, 8))
            return;
        // RFC 826: hardware type, protocol type and the two address lengths say which ARP this is.
        if (ReadUInt16(offset) != 1 || ReadEtherType(offset + 2) != EtherType.IPv4 || Bytes[offset + 4] != 6 || Bytes[offset + 5] != 4)
        {
            Malformed(offset, "ARP address types: expected Ethernet (1, 6 bytes) and IPv4 (0x0800, 4 bytes), got "
                + $"{ReadUInt16(offset)}, {Bytes[offset + 4]} bytes and 0x{ReadUInt16(offset + 2):x4}, {Bytes[offset + 5]} bytes");
            return;
        }
        if (!Fits("ARP packet", offset, ArpLayer.Size))
            return;
        ReadOnlySpan<byte> arp = Bytes.Slice(offset, ArpLayer.Size);
        _layers.Add(new ArpLayer(offset, ArpLayer.Size, (ArpOperation)ReadUInt16(offset + 6),
            MacAddress.FromBytes(arp[8..]), new IPAddress(arp[14..18]), MacAddress.FromBytes(arp[18..]), new IPAddress(arp[24..28])));
        _end = offset + ArpLayer.Size;
    }

    private void Payload(int offset)
    {
        if (offset < _end)
            _layers.Add(new PayloadLayer(offset, _end - offset));
    }

    private bool Fits(string what, int offset, int size)
    {
        if (_end - offset >= size)
            return true;
        Malformed(offset, $"{what}: expected {size} bytes, got {_end - offset}");
        return false;
    }

    private void Malformed(int offset, string reason) => _layers.Add(new MalformedLayer(offset, _end - offset, reason));

    private int ReadUInt16(int offset) => BinaryPrimitives.ReadUInt16BigEndian(Bytes[offset..]);

    private uint ReadUInt32(int offset) => BinaryPrimitives.ReadUInt32BigEndian(Bytes[offset..]);

    private EtherType ReadEtherType(int offset) => (EtherType)ReadUInt16(offset);

    private IPAddress ReadAddress(int offset, int length) => new(Bytes.Slice(offset, length));
}
