namespace VhostUser.Packets;

/// <summary>The place of a number in a frame: some bits of some bytes, big endian.</summary>
/// <param name="Offset">The first byte.</param>
/// <param name="Width">The number of bytes, 1 to 16.</param>
/// <param name="Shift">The bits below the number.</param>
/// <param name="Bits">The bits of the number.</param>
internal readonly record struct FieldSlot(int Offset, int Width, int Shift, int Bits)
{
    internal FieldSlot(int offset, int width) : this(offset, width, 0, 8 * width)
    {
    }

    internal UInt128 Maximum => UInt128.MaxValue >> (128 - Bits);

    internal UInt128 Read(ReadOnlySpan<byte> frame) => Load(frame) >> Shift & Maximum;

    /// <summary>Writes the low <see cref="Bits"/> bits of a value and leaves the bits around them.</summary>
    internal void Write(Span<byte> frame, UInt128 value)
    {
        UInt128 word = Load(frame) & ~(Maximum << Shift) | (value & Maximum) << Shift;
        for (int i = Width - 1; i >= 0; i--, word >>= 8)
            frame[Offset + i] = (byte)word;
    }

    private UInt128 Load(ReadOnlySpan<byte> frame)
    {
        UInt128 word = 0;
        foreach (byte value in frame.Slice(Offset, Width))
            word = word << 8 | value;
        return word;
    }
}
