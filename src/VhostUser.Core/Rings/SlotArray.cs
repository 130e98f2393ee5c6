using System.Runtime.CompilerServices;

namespace VhostUser.Rings;

/// <summary>Buffers of equal size, one for each descriptor of a ring, as a driver hands them over.</summary>
/// <param name="GuestAddress">Guest-physical address of descriptor 0's slot.</param>
/// <param name="Stride">Bytes from one slot to the next.</param>
/// <param name="Length">Bytes handed over of each.</param>
/// <param name="Writable">Whether the device writes them.</param>
internal readonly record struct SlotArray(ulong GuestAddress, uint Stride, uint Length, bool Writable)
{
    /// <summary>Guest-physical address of a descriptor's slot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong AddressOf(ushort id) => GuestAddress + id * (ulong)Stride;
}
