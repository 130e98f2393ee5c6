namespace VhostUser.Fuzz;

/// <summary>
/// The bytes of one input, read as a row of choices. What comes after the last byte is 0, and 0 is always the tame choice: so an input
/// that fails gets simpler with every byte that can be cleared or cut.
/// </summary>
internal ref struct FuzzInput(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;

    /// <summary>Whether every byte was read.</summary>
    public readonly bool IsEmpty => _at >= _bytes.Length;

    public byte Byte() => _at < _bytes.Length ? _bytes[_at++] : (byte)0;

    public ushort UInt16() => (ushort)(Byte() | Byte() << 8);

    public uint UInt32() => UInt16() | (uint)UInt16() << 16;

    public ulong UInt64() => UInt32() | (ulong)UInt32() << 32;

    /// <summary>A number from 0 to <paramref name="bound"/> - 1, at most 65,536 different ones.</summary>
    public int Below(int bound) => (bound <= 256 ? Byte() : UInt16()) % bound;

    /// <summary>True once in so many times, never for a cleared byte.</summary>
    public bool OneIn(int times) => Below(times) == times - 1;

    /// <summary>A number near a power of two or near 2^64, where sums wrap.</summary>
    public ulong NearLimit() => unchecked((ulong.MaxValue >> Below(64)) + (ulong)(Below(64) - 32));
}
