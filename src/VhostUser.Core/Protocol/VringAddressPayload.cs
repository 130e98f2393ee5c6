using System.Runtime.InteropServices;

namespace VhostUser.Protocol;

/// <summary>Where a ring's three areas are, as front-end user addresses: the payload of SET_VRING_ADDR, 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct VringAddressPayload
{
    /// <summary>VHOST_VRING_F_LOG: writes to the used ring are logged at <see cref="Log"/>.</summary>
    public const uint LogFlag = 1;

    public uint Index;
    public uint Flags;
    public ulong Descriptors;
    public ulong Used;
    public ulong Available;
    public ulong Log;
}
