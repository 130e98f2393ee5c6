using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Fuzz;

/// <summary>
/// A peer's memory, mapped as a back-end does: one region for rings and buffers, a small one that begins where it ends, so that a buffer
/// may cross, and one behind a gap.
/// </summary>
internal sealed unsafe class FuzzMemory : IDisposable
{
    public const ulong Start = 0x4000_0000;
    public const ulong User = 0x7f00_0000_0000;
    public const int Size = 64 << 10;
    public const int SmallSize = 4096;

    private static readonly (ulong Guest, int Size)[] s_regions = [(Start, Size), (Start + Size, SmallSize), (Start + (1 << 20), SmallSize)];

    public FuzzMemory()
    {
        for (int i = 0; i < s_regions.Length; i++)
        {
            (ulong guest, int size) = s_regions[i];
            using FileDescriptor file = CreateFile(size);
            Table.Add(MemoryRegion.Map(new MemoryRegionDescription { GuestAddress = guest, UserAddress = User + (guest - Start), Size = (ulong)size }, file, i));
        }
        First = Table.Regions[0].Address;
    }

    public MemoryTable Table { get; } = new();

    /// <summary>The first region's first byte in this process.</summary>
    public byte* First { get; }

    public static FileDescriptor CreateFile(int size)
    {
        FileDescriptor file = Libc.MemfdCreate("fuzz", Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING);
        Libc.SetLength(file.Number, size);
        return file;
    }

    /// <summary>A guest-physical address: mostly of a byte in the first region, now and then at an end, in the gap, or anywhere.</summary>
    public static ulong Address(ref FuzzInput input) => input.Below(16) switch
    {
        15 => input.UInt64(),
        14 => input.NearLimit(),
        13 => Start + (1 << 20) + (ulong)input.Below(SmallSize),
        12 => Start + Size + SmallSize - (ulong)input.Below(64),
        10 or 11 => Start + Size - (ulong)input.Below(64),
        _ => Start + (ulong)(Size / 2 + input.Below(Size / 2)),
    };

    /// <summary>A length: mostly of a packet.</summary>
    public static uint Length(ref FuzzInput input) => input.Below(12) switch
    {
        11 => 0,
        10 => input.UInt32(),
        9 => uint.MaxValue - (uint)input.Below(32),
        7 or 8 => 16 * (uint)input.Below(70),
        _ => (uint)input.Below(2000),
    };

    /// <summary>Every byte of a segment lies in one region.</summary>
    public void AssertInside(in Segment segment)
    {
        foreach (MemoryRegion region in Table.Regions)
        {
            ulong offset = (ulong)(segment.Address - region.Address);
            if (offset < region.Description.Size && segment.Length <= region.Description.Size - offset) return;
        }
        throw new FuzzFailure($"A piece of {segment.Length} bytes is not inside one region.");
    }

    public void Dispose() => Table.Dispose();
}
