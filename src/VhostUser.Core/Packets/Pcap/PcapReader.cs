namespace VhostUser.Packets.Pcap;

/// <summary>Reads pcap: one header, then packets of one interface, with time stamps in microseconds or nanoseconds.</summary>
internal sealed class PcapReader : CaptureReader
{
    private const int HeaderRest = 20; // behind the magic number
    private const int RecordHeader = 16;
    private const uint LinkTypeMask = 0x0FFFFFFF; // above: the FCS length of those who write it
    private const long Second = 1_000_000_000;

    private readonly ByteOrder _order;
    private readonly long _unit; // nanoseconds

    public PcapReader(Stream stream, string name, uint magic, ByteOrder order) : base(stream, name)
    {
        _order = order;
        _unit = magic == Pcapng.PcapNanoseconds ? 1 : 1000;
        Skip(sizeof(uint));
        if (!Fill(0, HeaderRest)) throw Invalid("ends within its header");
        ReadOnlySpan<byte> header = Bytes(0, HeaderRest).Span;
        int major = order.UInt16(header);
        if (major != 2) throw Invalid($"has version {major}.{order.UInt16(header[2..])}; 2.4 is the one that is read");
        Interfaces.Add(new CaptureInterface
        {
            SnapLength = order.UInt32(header[12..]),
            LinkType = (int)(order.UInt32(header[16..]) & LinkTypeMask),
            TimeResolution = (byte)(_unit == 1 ? 9 : 6),
        });
    }

    public override bool TryRead(out CapturedPacket packet)
    {
        packet = default;
        if (!Fill(0, RecordHeader)) return false;
        ReadOnlySpan<byte> header = Bytes(0, RecordHeader).Span;
        long seconds = _order.UInt32(header);
        long fraction = _order.UInt32(header[4..]);
        uint kept = _order.UInt32(header[8..]);
        uint length = _order.UInt32(header[12..]);
        if (kept > MaxBlock) throw Invalid($"has a packet of {kept} bytes; at most {MaxBlock} are read");
        Fill(RecordHeader, (int)kept);
        packet = new CapturedPacket
        {
            Time = seconds * Second + fraction * _unit,
            Data = Bytes(RecordHeader, (int)kept),
            Length = Math.Max(length, kept),
        };
        return true;
    }
}
