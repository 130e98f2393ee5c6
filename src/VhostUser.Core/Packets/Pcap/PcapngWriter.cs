using System.Text;

namespace VhostUser.Packets.Pcap;

/// <summary>
/// Writes pcapng with time stamps in nanoseconds: a section, its interfaces, then packets and statistics in any order. What it is
/// given is laid out in memory; <see cref="Flush"/> hands it to the stream. Nothing is allocated per packet that has no comment.
/// </summary>
/// <param name="stream">Where the file goes.</param>
/// <param name="bigEndian">The byte order; readers take both.</param>
internal sealed class PcapngWriter(Stream stream, bool bigEndian = false)
{
    private const int FlushAt = 256 << 10;
    private const byte Nanoseconds = 9;

    private readonly BlockBuilder _blocks = new(new ByteOrder(bigEndian));
    private long _flushed;

    /// <summary>Bytes of the file so far, those not flushed yet included.</summary>
    public long Length => _flushed + _blocks.Length;

    /// <summary>Begins the file.</summary>
    /// <param name="application">The program that writes.</param>
    /// <param name="system">The operating system.</param>
    /// <param name="hardware">The machine.</param>
    public void WriteSection(string application, string system, string hardware)
    {
        _blocks.Begin(Pcapng.SectionHeader);
        _blocks.Put(Pcapng.ByteOrderMagic);
        _blocks.Put((ushort)1); // major and minor version
        _blocks.Put((ushort)0);
        _blocks.Put(ulong.MaxValue); // length of the section: not known
        _blocks.Option(Pcapng.Hardware, hardware);
        _blocks.Option(Pcapng.OperatingSystem, system);
        _blocks.Option(Pcapng.Application, application);
        _blocks.EndOptions();
        _blocks.End();
    }

    /// <summary>Adds an interface; its number is how many there were before.</summary>
    public void WriteInterface(CaptureInterface description, string? hardware = null)
    {
        _blocks.Begin(Pcapng.InterfaceDescription);
        _blocks.Put((ushort)description.LinkType);
        _blocks.Put((ushort)0);
        _blocks.Put(description.SnapLength);
        _blocks.Option(Pcapng.InterfaceName, description.Name);
        _blocks.Option(Pcapng.InterfaceDescriptionText, description.Description);
        _blocks.Option(Pcapng.InterfaceResolution, [Nanoseconds]);
        _blocks.Option(Pcapng.InterfaceHardware, hardware);
        _blocks.EndOptions();
        _blocks.End();
    }

    /// <summary>Bytes that a packet takes in the file.</summary>
    public static int SizeOf(in CapturedPacket packet)
    {
        int comment = packet.Comment is null ? 0 : Encoding.UTF8.GetByteCount(packet.Comment);
        return 36 + Padded(packet.Data.Length) + (packet.Comment is null ? 0 : 4 + Padded(comment)) + (packet.Flags == CaptureFlags.None ? 0 : 8)
            + (packet.DropCount == 0 ? 0 : 12) + (packet.Queue is null ? 0 : 8);
    }

    /// <summary>Adds a packet (Enhanced Packet Block).</summary>
    /// <exception cref="IOException">The stream refused what was laid out before.</exception>
    public void WritePacket(in CapturedPacket packet)
    {
        _blocks.Begin(Pcapng.EnhancedPacket);
        _blocks.Put((uint)packet.Interface);
        _blocks.PutTime(packet.Time);
        _blocks.Put((uint)packet.Data.Length);
        _blocks.Put(packet.Length);
        _blocks.Put(packet.Data.Span);
        _blocks.Option(Pcapng.Comment, packet.Comment);
        if (packet.Flags != CaptureFlags.None) _blocks.Option(Pcapng.PacketFlags, (uint)packet.Flags);
        if (packet.DropCount > 0) _blocks.Option(Pcapng.PacketDropCount, packet.DropCount);
        if (packet.Queue is uint queue) _blocks.Option(Pcapng.PacketQueue, queue);
        _blocks.EndOptions();
        _blocks.End();
        if (_blocks.Length >= FlushAt) Flush();
    }

    /// <summary>Adds what an interface has seen (Interface Statistics Block).</summary>
    /// <param name="number">Its number.</param>
    /// <param name="start">Nanoseconds since 1970 at which its capture began.</param>
    /// <param name="end">When it ended.</param>
    /// <param name="received">Packets that passed.</param>
    /// <param name="dropped">Those of them that found no room in the capture's buffer.</param>
    /// <param name="delivered">Those of them that were written.</param>
    public void WriteStatistics(int number, long start, long end, long received, long dropped, long delivered)
    {
        _blocks.Begin(Pcapng.InterfaceStatistics);
        _blocks.Put((uint)number);
        _blocks.PutTime(end);
        _blocks.TimeOption(Pcapng.StatisticsStart, start);
        _blocks.TimeOption(Pcapng.StatisticsEnd, end);
        _blocks.Option(Pcapng.StatisticsReceived, (ulong)received);
        _blocks.Option(Pcapng.StatisticsDropped, (ulong)dropped);
        _blocks.Option(Pcapng.StatisticsDelivered, (ulong)delivered);
        _blocks.EndOptions();
        _blocks.End();
    }

    /// <summary>Hands everything to the stream.</summary>
    /// <exception cref="IOException">The stream refused it.</exception>
    public void Flush()
    {
        if (_blocks.Length == 0) return;
        stream.Write(_blocks.Written);
        _flushed += _blocks.Length;
        _blocks.Clear();
    }

    private static int Padded(int length) => length + Pcapng.Padding(length);
}
