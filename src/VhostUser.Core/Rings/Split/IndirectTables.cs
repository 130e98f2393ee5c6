using VhostUser.Memory;

namespace VhostUser.Rings.Split;

/// <summary>Room in shared memory for one small indirect table per descriptor (virtio 1.3 §2.7.5.3).</summary>
internal sealed unsafe class IndirectTables(RegionPiece piece)
{
    /// <summary>Descriptors in a table: enough for a header and a packet in a few pieces.</summary>
    public const int Entries = 8;

    /// <summary>Bytes that a ring of this size needs.</summary>
    public static ulong BytesFor(int size) => (ulong)size * Entries * 16;

    public SplitDescriptor* Address(ushort id) => (SplitDescriptor*)(piece.Address + id * Entries * 16);

    public ulong GuestAddress(ushort id) => piece.GuestAddress + (ulong)(id * Entries * 16);
}
