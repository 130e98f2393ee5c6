using System.Text;

namespace VhostUser.Packets.Pcap;

/// <summary>
/// Reads pcapng: sections, interfaces, and packets in their three forms; blocks of other kinds are stepped over, as the format wants it.
/// Interfaces are numbered through all sections of the file.
/// </summary>
internal sealed class PcapngReader : CaptureReader
{
    private const int BlockHeader = 8;
    private const int Smallest = 12; // header, and the length once more

    private ByteOrder _order;
    private int _sectionStart; // number of the section's first interface
    private int _body; // bytes of the block in hand, without header and second length

    public PcapngReader(Stream stream, string name) : base(stream, name)
    {
        Skip(sizeof(uint));
        ReadSection();
    }

    public override bool TryRead(out CapturedPacket packet)
    {
        while (Fill(0, sizeof(uint)))
        {
            uint type = _order.UInt32(Bytes(0, sizeof(uint)).Span);
            if (type == Pcapng.SectionHeader) // reads the same in both byte orders
            {
                ReadSection();
                continue;
            }
            Fill(sizeof(uint), sizeof(uint));
            ReadBody(_order.UInt32(Bytes(sizeof(uint), sizeof(uint)).Span), BlockHeader);
            ReadOnlyMemory<byte> body = Bytes(BlockHeader, _body);
            switch (type)
            {
                case Pcapng.InterfaceDescription:
                    ReadInterface(body.Span);
                    break;
                case Pcapng.EnhancedPacket:
                    packet = ReadEnhanced(body, _order.UInt32(Need(body.Span, 20)), queueInFront: false);
                    return true;
                case Pcapng.PacketBlock:
                    packet = ReadEnhanced(body, _order.UInt16(Need(body.Span, 20)), queueInFront: true);
                    return true;
                case Pcapng.SimplePacket:
                    packet = ReadSimple(body);
                    return true;
            }
        }
        packet = default;
        return false;
    }

    // Behind the type: the length, whose byte order only the next word tells.
    private void ReadSection()
    {
        Fill(sizeof(uint), 2 * sizeof(uint));
        ReadOnlySpan<byte> start = Bytes(sizeof(uint), 2 * sizeof(uint)).Span;
        bool bigEndian = new ByteOrder(true).UInt32(start[4..]) == Pcapng.ByteOrderMagic;
        if (!bigEndian && new ByteOrder(false).UInt32(start[4..]) != Pcapng.ByteOrderMagic) throw Invalid("has a section without the byte order magic 0x1A2B3C4D");
        _order = new ByteOrder(bigEndian);
        ReadBody(_order.UInt32(start), BlockHeader + sizeof(uint));
        ReadOnlySpan<byte> body = Need(Bytes(BlockHeader, _body).Span, 16);
        int major = _order.UInt16(body[4..]);
        if (major != 1) throw Invalid($"has a section of version {major}.{_order.UInt16(body[6..])}; version 1 is the one that is read");
        _sectionStart = Interfaces.Count;
    }

    private void ReadBody(uint length, int inHand)
    {
        if (length < Smallest || length < inHand + sizeof(uint) || length % 4 != 0 || length > MaxBlock)
            throw Invalid($"has a block of {length} bytes; expected a multiple of 4 from {Math.Max(Smallest, inHand + sizeof(uint))} to {MaxBlock}");
        Fill(inHand, (int)length - inHand);
        _body = (int)length - Smallest;
        uint again = _order.UInt32(Bytes(BlockHeader + _body, sizeof(uint)).Span);
        if (again != length) throw Invalid($"has a block of {length} bytes at whose end stands {again}");
    }

    private void ReadInterface(ReadOnlySpan<byte> body)
    {
        Need(body, 8);
        var description = new CaptureInterface { LinkType = _order.UInt16(body), SnapLength = _order.UInt32(body[4..]) };
        foreach (Option option in Options(body[8..]))
        {
            description = option.Code switch
            {
                Pcapng.InterfaceName => description with { Name = Text(option.Value) },
                Pcapng.InterfaceDescriptionText => description with { Description = Text(option.Value) },
                Pcapng.InterfaceResolution when option.Value.Length == 1 => description with { TimeResolution = option.Value[0] },
                Pcapng.InterfaceTimeOffset when option.Value.Length == 8 => description with { TimeOffset = (long)_order.UInt64(option.Value) },
                _ => description,
            };
        }
        Interfaces.Add(description);
    }

    private CapturedPacket ReadEnhanced(ReadOnlyMemory<byte> body, uint number, bool queueInFront)
    {
        ReadOnlySpan<byte> bytes = body.Span;
        CaptureInterface description = InterfaceAt(number);
        uint kept = _order.UInt32(bytes[12..]);
        if (kept > bytes.Length - 20) throw Invalid($"has a packet of {kept} bytes in a block with room for {bytes.Length - 20}");
        ulong dropped = queueInFront && _order.UInt16(bytes[2..]) is var drops and not ushort.MaxValue ? drops : 0ul;
        var packet = new CapturedPacket
        {
            Interface = _sectionStart + (int)number,
            Time = description.ToNanoseconds((ulong)_order.UInt32(bytes[4..]) << 32 | _order.UInt32(bytes[8..])),
            Data = body.Slice(20, (int)kept),
            Length = Math.Max(_order.UInt32(bytes[16..]), kept),
            DropCount = dropped,
        };
        int options = Math.Min(20 + (int)kept + Pcapng.Padding((int)kept), bytes.Length);
        foreach (Option option in Options(bytes[options..]))
        {
            packet = option.Code switch
            {
                Pcapng.Comment => packet with { Comment = Text(option.Value) },
                Pcapng.PacketFlags when option.Value.Length == 4 => packet with { Flags = (CaptureFlags)_order.UInt32(option.Value) },
                Pcapng.PacketDropCount when option.Value.Length == 8 => packet with { DropCount = _order.UInt64(option.Value) },
                Pcapng.PacketQueue when option.Value.Length == 4 => packet with { Queue = _order.UInt32(option.Value) },
                _ => packet,
            };
        }
        return packet;
    }

    private CapturedPacket ReadSimple(ReadOnlyMemory<byte> body)
    {
        uint length = _order.UInt32(Need(body.Span, 4));
        uint snap = InterfaceAt(0).SnapLength;
        uint kept = Math.Min(length, snap == 0 ? length : snap);
        if (kept > body.Length - 4) throw Invalid($"has a packet of {kept} bytes in a block with room for {body.Length - 4}");
        return new CapturedPacket { Interface = _sectionStart, Data = body.Slice(4, (int)kept), Length = length };
    }

    private CaptureInterface InterfaceAt(uint number)
    {
        int known = Interfaces.Count - _sectionStart;
        return number < known ? Interfaces[_sectionStart + (int)number] : throw Invalid($"has a packet of interface {number}; its section describes {known}");
    }

    private ReadOnlySpan<byte> Need(ReadOnlySpan<byte> body, int bytes) =>
        body.Length >= bytes ? body : throw Invalid($"has a block whose body has {body.Length} bytes; its kind has at least {bytes}");

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    private OptionRows Options(ReadOnlySpan<byte> bytes) => new(bytes, _order, this);

    private readonly ref struct Option(ushort code, ReadOnlySpan<byte> value)
    {
        public ushort Code => code;

        public ReadOnlySpan<byte> Value { get; } = value;
    }

    /// <summary>The options behind the fixed part of a block.</summary>
    private ref struct OptionRows(ReadOnlySpan<byte> bytes, ByteOrder order, PcapngReader reader)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public Option Current { get; private set; }

        public readonly OptionRows GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_rest.Length < 4) return false; // the end need not be marked
            ushort code = order.UInt16(_rest);
            int length = order.UInt16(_rest[2..]);
            if (code == Pcapng.EndOfOptions) return false;
            if (length > _rest.Length - 4) throw reader.Invalid($"has an option {code} of {length} bytes where {_rest.Length - 4} are left");
            Current = new Option(code, _rest.Slice(4, length));
            _rest = _rest[Math.Min(4 + length + Pcapng.Padding(length), _rest.Length)..];
            return true;
        }
    }
}
