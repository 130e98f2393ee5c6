using System.Text;

namespace VhostUser.Packets.Pcap;

/// <summary>Lays out pcapng blocks one behind another in a buffer that grows to what the longest row of them needs and then stays.</summary>
internal sealed class BlockBuilder(ByteOrder order)
{
    private byte[] _bytes = new byte[4096];
    private int _start; // of the block being laid out

    /// <summary>Bytes laid out.</summary>
    public int Length { get; private set; }

    /// <summary>What was laid out.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Forgets what was laid out.</summary>
    public void Clear() => Length = 0;

    /// <summary>Starts a block; its length is written by <see cref="End"/>.</summary>
    public void Begin(uint type)
    {
        _start = Length;
        Put(type);
        Put(0u);
    }

    /// <summary>Ends the block with its length, in front and behind.</summary>
    public void End()
    {
        uint length = (uint)(Length - _start + sizeof(uint));
        order.Put(_bytes.AsSpan(_start + 4), length);
        Put(length);
    }

    public void Put(ushort value) => order.Put(Take(sizeof(ushort)), value);

    public void Put(uint value) => order.Put(Take(sizeof(uint)), value);

    public void Put(ulong value) => order.Put(Take(sizeof(ulong)), value);

    /// <summary>A 64-bit time stamp as pcapng has it: the upper half first, whatever the byte order.</summary>
    public void PutTime(long nanoseconds)
    {
        Put((uint)((ulong)nanoseconds >> 32));
        Put((uint)nanoseconds);
    }

    /// <summary>Bytes and the padding behind them.</summary>
    public void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Take(bytes.Length));
        Take(Pcapng.Padding(bytes.Length)).Clear();
    }

    public void Option(ushort code, ReadOnlySpan<byte> value)
    {
        Put(code);
        Put((ushort)value.Length);
        Put(value);
    }

    public void Option(ushort code, string? text)
    {
        if (text is null) return;
        int length = Encoding.UTF8.GetByteCount(text);
        Put(code);
        Put((ushort)length);
        Encoding.UTF8.GetBytes(text, Take(length));
        Take(Pcapng.Padding(length)).Clear();
    }

    public void Option(ushort code, uint value)
    {
        Put(code);
        Put((ushort)sizeof(uint));
        Put(value);
    }

    public void Option(ushort code, ulong value)
    {
        Put(code);
        Put((ushort)sizeof(ulong));
        Put(value);
    }

    public void TimeOption(ushort code, long nanoseconds)
    {
        Put(code);
        Put((ushort)sizeof(ulong));
        PutTime(nanoseconds);
    }

    public void EndOptions() => Put((uint)Pcapng.EndOfOptions);

    private Span<byte> Take(int length)
    {
        if (_bytes.Length - Length < length) Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, Length + length));
        Length += length;
        return _bytes.AsSpan(Length - length, length);
    }
}
