using System.Buffers.Binary;

namespace VhostUser.Packets.Pcap;

/// <summary>
/// Reads the packets of a capture file, pcapng or pcap, of either byte order. The file is a stranger's: every length is checked before
/// it is believed, and no more is allocated than the file has bytes.
/// </summary>
internal abstract class CaptureReader : IDisposable
{
    /// <summary>The longest block or packet that is read; what programs write is far below.</summary>
    public const int MaxBlock = 16 << 20;

    private readonly Stream _stream;
    private readonly string _name;
    private byte[] _buffer = new byte[4096];

    private protected CaptureReader(Stream stream, string name)
    {
        _stream = stream;
        _name = name;
    }

    /// <summary>The interfaces described so far; pcapng may add some between packets.</summary>
    public List<CaptureInterface> Interfaces { get; } = [];

    /// <summary>Bytes read: where in the file the reader stands.</summary>
    public long Position { get; private set; }

    /// <summary>Whether a file begins like a capture.</summary>
    public static bool IsCapture(ReadOnlySpan<byte> start)
    {
        if (start.Length < sizeof(uint)) return false;
        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(start);
        return magic == Pcapng.SectionHeader || IsPcap(magic) || IsPcap(BinaryPrimitives.ReverseEndianness(magic));
    }

    /// <summary>Opens a file.</summary>
    /// <exception cref="VhostException">CaptureInvalid: it is no capture.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static CaptureReader Open(string path) => Open(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16), path);

    /// <summary>Reads a capture from a stream, which is closed with the reader.</summary>
    /// <param name="stream">The stream, at its start.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="VhostException">CaptureInvalid.</exception>
    public static CaptureReader Open(Stream stream, string name)
    {
        try
        {
            Span<byte> magic = stackalloc byte[sizeof(uint)];
            if (stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length || !IsCapture(magic))
                throw Invalid(name, 0, "is no capture: it begins neither as pcapng nor as pcap");
            uint value = BinaryPrimitives.ReadUInt32LittleEndian(magic);
            return value == Pcapng.SectionHeader ? new PcapngReader(stream, name)
                : new PcapReader(stream, name, IsPcap(value) ? value : BinaryPrimitives.ReverseEndianness(value), new ByteOrder(!IsPcap(value)));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Reads the next packet; false at the end of the file.</summary>
    /// <exception cref="VhostException">CaptureInvalid: the file breaks a rule of its format or ends in the middle.</exception>
    public abstract bool TryRead(out CapturedPacket packet);

    public void Dispose() => _stream.Dispose();

    /// <summary>Notes that bytes in front were read already.</summary>
    private protected void Skip(int bytes) => Position += bytes;

    /// <summary>Reads bytes behind those in hand; false when the file ends right here and nothing is in hand.</summary>
    /// <param name="from">Bytes in hand that are kept in front.</param>
    /// <param name="count">Bytes to read.</param>
    private protected bool Fill(int from, int count)
    {
        // In steps, so that a length that the file does not keep costs no memory.
        for (int done = 0; done < count;)
        {
            int step = Math.Min(count - done, Math.Max(_buffer.Length, 1 << 16));
            if (_buffer.Length < from + done + step) Array.Resize(ref _buffer, from + done + step);
            int read = _stream.ReadAtLeast(_buffer.AsSpan(from + done, step), step, throwOnEndOfStream: false);
            Position += read;
            if (read == 0 && from == 0 && done == 0) return false;
            if (read < step) throw Invalid($"ends in the middle of a block: {count} bytes were expected, {done + read} are there");
            done += read;
        }
        return true;
    }

    /// <summary>The bytes in hand.</summary>
    private protected ReadOnlyMemory<byte> Bytes(int start, int length) => _buffer.AsMemory(start, length);

    private protected VhostException Invalid(string what) => Invalid(_name, Position, what);

    private static VhostException Invalid(string name, long position, string what) => new(VhostError.CaptureInvalid, $"Capture '{name}' {what} (at byte {position}).", name,
        "Look at the file with capinfos; editcap writes what can be read of it into a new one.");

    private static bool IsPcap(uint magic) => magic is Pcapng.PcapMicroseconds or Pcapng.PcapNanoseconds;
}
