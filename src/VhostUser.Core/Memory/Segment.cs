using System.Runtime.InteropServices;

namespace VhostUser.Memory;

/// <summary>A contiguous, checked piece of guest memory: 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Segment(byte* address, uint length)
{
    public byte* Address = address;
    public uint Length = length;

    /// <summary>The bytes; the peer may change them at any time.</summary>
    public readonly Span<byte> Span => new(Address, (int)Length);
}
