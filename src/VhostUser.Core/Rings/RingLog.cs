using VhostUser.Interop;
using VhostUser.Memory;

namespace VhostUser.Rings;

/// <summary>
/// Marks in the front-end's dirty log what a device writes for one ring (vhost-user, "Migration"). A queue has one only while
/// something of it is logged. Each write is marked after it was done, so that a front-end that clears the bit and then copies the
/// page misses nothing; buffers are marked before the driver is told of them, so that no used buffer is ever unmarked.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="memory">The table that finds the guest-physical address of a place in this process.</param>
/// <param name="burst">Where the ring's chains have their segments.</param>
/// <param name="buffers">Whether buffers are logged: VHOST_F_LOG_ALL was acknowledged.</param>
/// <param name="usedAddress">Where the used area's first byte is logged, or null without VHOST_VRING_F_LOG.</param>
/// <param name="notify">The descriptor of SET_LOG_FD, or null.</param>
internal sealed unsafe class RingLog(DirtyLog log, MemoryTable memory, ChainBurst burst, bool buffers, ulong? usedAddress, FileDescriptor? notify)
{
    /// <summary>Marks what was written into the buffers of chains; call it before they are returned.</summary>
    public void MarkBuffers(Chain* chains, int count)
    {
        if (!buffers) return;
        for (int i = 0; i < count; i++)
        {
            uint left = chains[i].Written;
            Segment* segment = burst.Segments + chains[i].FirstSegment + chains[i].ReadableSegments;
            for (; left > 0; segment++)
            {
                uint part = Math.Min(left, segment->Length);
                MarkPlace(segment->Address, part);
                left -= part;
            }
        }
    }

    /// <summary>Marks bytes of a split ring's used area, by their offset in it: log_guest_addr says where they are logged.</summary>
    public void MarkUsed(ulong offset, ulong length)
    {
        if (usedAddress is ulong start) log.Mark(start + offset, length);
    }

    /// <summary>Marks bytes of a ring area by their place in this process, as a packed ring needs for its descriptors.</summary>
    public void MarkRing(void* address, ulong length)
    {
        if (usedAddress is not null) MarkPlace((byte*)address, length);
    }

    /// <summary>Tells the front-end that the log has changed.</summary>
    public void Signal()
    {
        if (notify is not null) EventFd.Signal(notify.Number);
    }

    private void MarkPlace(byte* address, ulong length)
    {
        // Each segment lies in one region, so its first byte's address is all there is to find. None: the region was lost, as the session will see.
        if (memory.FindGuestAddress(address) is ulong guest) log.Mark(guest, length);
    }
}
