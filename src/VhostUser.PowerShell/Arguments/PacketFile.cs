using System.Text;
using VhostUser.Endpoints;
using VhostUser.Packets;

namespace VhostUser.Arguments;

/// <summary>Reads a file that holds one packet: its raw bytes, or hex text.</summary>
internal static class PacketFile
{
    private const int MaxBytes = 1 << 20;

    /// <summary>Whether a file begins like a capture, pcapng or pcap.</summary>
    public static bool IsCapture(string path)
    {
        if (!File.Exists(path)) return false;
        using FileStream file = File.OpenRead(path);
        Span<byte> start = stackalloc byte[sizeof(uint)];
        return ReplayOptions.IsCapture(start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)]);
    }

    /// <summary>The packet in a file; a file of printable characters only is hex text.</summary>
    /// <exception cref="VhostException">PacketInvalid: missing, empty, far too large, a capture, or text that is no hex text.</exception>
    public static VhostPacket Read(string path)
    {
        if (!File.Exists(path)) throw Invalid(path, "does not exist", "Give the path of a file with one packet, raw or as hex text.");
        long length = new FileInfo(path).Length;
        if (length is 0 or > MaxBytes) throw Invalid(path, $"has {length} bytes; one packet was expected", "Give a file with one packet, raw or as hex text.");
        byte[] content = File.ReadAllBytes(path);
        if (ReplayOptions.IsCapture(content))
            throw Invalid(path, "is a capture file; one raw packet or hex text was expected", "Send-VringPacket -Path sends all its packets.");
        if (!content.All(value => value is >= 0x20 and < 0x7F or (byte)'\n' or (byte)'\r' or (byte)'\t')) return VhostPacket.FromBytes(content);
        try
        {
            return VhostPacket.FromHex(Encoding.ASCII.GetString(content));
        }
        catch (FormatException error)
        {
            throw Invalid(path, "is text but no hex text. " + error.Message, "Raw packets are recognised by a byte that is no printable character.");
        }
    }

    private static VhostException Invalid(string path, string what, string action) => new(VhostError.PacketInvalid, $"File '{path}' {what}.", path, action);
}
