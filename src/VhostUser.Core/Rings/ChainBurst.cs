using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VhostUser.Memory;

namespace VhostUser.Rings;

/// <summary>A chain taken from a ring: checked pieces of guest memory, readable ones first; 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Chain
{
    /// <summary>Index of its first segment in the burst.</summary>
    public int FirstSegment;
    /// <summary>What the used ring returns: number of its head descriptor, or in a packed ring its buffer id.</summary>
    public ushort Head;
    public ushort ReadableSegments;
    public ushort WritableSegments;
    /// <summary>Descriptors of a packed ring that it takes up; a split ring does not ask.</summary>
    public ushort Descriptors;
    public uint ReadableBytes;
    public uint WritableBytes;
    /// <summary>Bytes the device wrote, for the used ring.</summary>
    public uint Written;

    /// <summary>Fills in a chain of one descriptor and one segment: all 24 bytes by three stores, without a branch on the direction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void SetSingle(Chain* chain, int segment, ushort head, uint length, DescriptorFlags flags)
    {
        ulong write = (uint)(flags & DescriptorFlags.Write) >> 1, read = write ^ 1;
        var words = (ulong*)chain;
        words[0] = (uint)segment | (ulong)head << 32 | read << 48;
        words[1] = write | 1UL << 16 | length * read << 32;
        words[2] = length * write;
    }
}

/// <summary>Chains taken together, with room for their segments; made once per queue and used again for every burst.</summary>
internal sealed unsafe class ChainBurst : IDisposable
{
    /// <summary>The most chains in a burst.</summary>
    public const int MaxChains = 256;

    public ChainBurst(int queueSize)
    {
        // A chain has at most as many descriptors as the ring (virtio 1.3 §2.7.5.3.1); each may cross into one more region.
        // A chain counts its segments with 16 bits.
        SegmentCapacity = Math.Clamp(2 * queueSize, 4 * MaxChains, ushort.MaxValue);
        Chains = (Chain*)NativeMemory.AlignedAlloc((nuint)(MaxChains * sizeof(Chain)), 64);
        Segments = (Segment*)NativeMemory.AlignedAlloc((nuint)(SegmentCapacity * sizeof(Segment)), 64);
    }

    public Chain* Chains { get; private set; }

    public Segment* Segments { get; private set; }

    public int SegmentCapacity { get; }

    public void Dispose()
    {
        NativeMemory.AlignedFree(Chains);
        NativeMemory.AlignedFree(Segments);
        Chains = null;
        Segments = null;
    }
}
