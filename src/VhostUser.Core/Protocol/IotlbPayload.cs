using System.Runtime.InteropServices;

namespace VhostUser.Protocol;

/// <summary>What an IOTLB message says.</summary>
internal enum IotlbType : byte
{
    None = 0,
    Miss = 1,
    Update = 2,
    Invalidate = 3,
    AccessFail = 4,
}

/// <summary>What a device may do with a range.</summary>
[Flags]
internal enum IotlbPermission : byte
{
    None = 0,
    Read = 1,
    Write = 2,
    ReadWrite = 3,
}

/// <summary>An IOTLB message: struct vhost_iotlb_msg, 32 bytes with the padding at its end.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = 32)]
internal struct IotlbPayload
{
    public ulong Iova;
    public ulong Size;
    public ulong UserAddress;
    public IotlbPermission Permission;
    public IotlbType Type;

    public override readonly string ToString() => $"{Type} of IOVA 0x{Iova:x}, size 0x{Size:x}, user 0x{UserAddress:x}, {Permission}";
}
