using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Rings.Split;

namespace VhostUser.Tests.Peers;

/// <summary>One split ring in guest memory, written by hand: every field may be wrong.</summary>
internal sealed unsafe class GuestRing(GuestMemory memory, int index, int size)
{
    private const int Stride = 0x8000;

    public int Index => index;

    public int Size => size;

    // Descriptors take 16 × 512 bytes at most, the available ring 1 KiB, the used ring 4 KiB.
    public int DescriptorOffset => index * Stride;

    public int AvailableOffset => index * Stride + 0x2000;

    public int UsedOffset => index * Stride + 0x4000;

    public VringAddressPayload Addresses => new()
    {
        Index = (uint)index,
        Descriptors = GuestMemory.UserAddress + (ulong)DescriptorOffset,
        Available = GuestMemory.UserAddress + (ulong)AvailableOffset,
        Used = GuestMemory.UserAddress + (ulong)UsedOffset,
    };

    /// <summary>avail.idx; writing it publishes.</summary>
    public ushort AvailableIndex
    {
        get => Volatile.Read(ref Word(AvailableOffset + 2));
        set => Volatile.Write(ref Word(AvailableOffset + 2), value);
    }

    public ushort UsedIndex
    {
        get => Volatile.Read(ref Word(UsedOffset + 2));
        set => Volatile.Write(ref Word(UsedOffset + 2), value);
    }

    public ushort AvailableFlags { set => Volatile.Write(ref Word(AvailableOffset), value); }

    public ushort UsedEvent { set => Volatile.Write(ref Word(AvailableOffset + 4 + 2 * size), value); }

    /// <summary>Writes a descriptor with a guest-physical address.</summary>
    public void Describe(int descriptor, ulong guestAddress, uint length, DescriptorFlags flags = 0, ushort next = 0) =>
        DescribeAt(DescriptorOffset + 16 * descriptor, guestAddress, length, flags, next);

    /// <summary>Writes a descriptor anywhere in the memory, for indirect tables.</summary>
    public void DescribeAt(int offset, ulong guestAddress, uint length, DescriptorFlags flags = 0, ushort next = 0) =>
        *(SplitDescriptor*)(memory.Address + offset) = new SplitDescriptor { Address = guestAddress, Length = length, Flags = flags, Next = next };

    /// <summary>Puts a head into the available ring's slot without publishing it.</summary>
    public void PutAvailable(int slot, ushort head) => Word(AvailableOffset + 4 + 2 * (slot % size)) = head;

    /// <summary>Puts a head into the next slot and publishes it.</summary>
    public void Offer(ushort head)
    {
        ushort next = AvailableIndex;
        PutAvailable(next, head);
        AvailableIndex = (ushort)(next + 1);
    }

    /// <summary>An element of the used ring.</summary>
    public (uint Id, uint Length) Used(int slot)
    {
        uint* element = (uint*)(memory.Address + UsedOffset + 4 + 8 * (slot % size));
        return (element[0], element[1]);
    }

    private ref ushort Word(int offset) => ref *(ushort*)(memory.Address + offset);
}
