using System.Runtime.InteropServices;

namespace VhostUser.Protocol;

/// <summary>A part of a file that belongs to a ring: the payload of VRING_HOST_NOTIFIER_MSG, 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct VringAreaPayload
{
    /// <summary>Bits 0-7 the ring, bit 8 "no descriptor".</summary>
    public ulong Index;
    public ulong Size;
    public ulong Offset;
}
