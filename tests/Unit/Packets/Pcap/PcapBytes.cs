using VhostUser.Packets.Pcap;

namespace VhostUser.Tests.Packets.Pcap;

/// <summary>Capture files laid out by hand, in either byte order.</summary>
internal sealed class PcapBytes(bool bigEndian)
{
    private readonly List<byte> _bytes = [];

    public PcapBytes U16(params int[] values) => Add(values, sizeof(ushort));

    public PcapBytes U32(params long[] values) => Add([.. values.Select(value => unchecked((int)value))], sizeof(uint));

    public PcapBytes Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    /// <summary>A pcapng block around a body, with its length in front and behind.</summary>
    public PcapBytes Block(uint type, Func<PcapBytes, PcapBytes> body)
    {
        byte[] inside = body(new PcapBytes(bigEndian)).ToArray();
        return U32(type, inside.Length + 12).Raw(inside).U32(inside.Length + 12);
    }

    public PcapBytes Section() => Block(Pcapng.SectionHeader, body => body.U32(Pcapng.ByteOrderMagic).U16(1, 0).U32(-1, -1));

    public PcapBytes Interface(int linkType = 1, int snap = 0, params byte[] options) => Block(Pcapng.InterfaceDescription, body => body.U16(linkType, 0).U32(snap).Raw(options));

    public byte[] ToArray() => [.. _bytes];

    /// <summary>Reads what was laid out to its end.</summary>
    public List<CapturedPacket> Read() => Read(ToArray());

    public static List<CapturedPacket> Read(byte[] file)
    {
        using CaptureReader reader = CaptureReader.Open(new MemoryStream(file), "test");
        return Read(reader);
    }

    public static List<CapturedPacket> Read(CaptureReader reader)
    {
        var packets = new List<CapturedPacket>();
        while (reader.TryRead(out CapturedPacket packet)) packets.Add(packet with { Data = packet.Data.ToArray() });
        return packets;
    }

    private PcapBytes Add(int[] values, int size)
    {
        foreach (int value in values)
        {
            byte[] bytes = BitConverter.GetBytes(value)[..size];
            if (bigEndian) Array.Reverse(bytes);
            _bytes.AddRange(bytes);
        }
        return this;
    }
}
