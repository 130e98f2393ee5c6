using VhostUser.Interop;

namespace VhostUser.Memory;

/// <summary>The table while pages of the guest are still on their way from another host.</summary>
internal sealed unsafe partial class MemoryTable
{
    /// <summary>
    /// Whether pages may be missing (POSTCOPY_LISTEN to POSTCOPY_END). Every translation then waits for its pages in the kernel:
    /// a page fault in managed code would hold up the garbage collector, and with it perhaps the very thread that brings the page.
    /// </summary>
    public bool IsPostcopy { get; set; }

    private byte* Arrived(byte* address, ulong length)
    {
        if (address != null) Libc.Populate(address, length);
        return address;
    }
}
