using System.Runtime.InteropServices;

namespace VhostUser.Protocol;

/// <summary>The payload of SET_DEVICE_STATE_FD, 8 bytes (vhost-user, "Device state transfer parameters").</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct DeviceStatePayload
{
    public const uint Save = 0;
    public const uint Load = 1;
    public const uint Stopped = 0;

    public uint Direction;
    public uint Phase;
}
