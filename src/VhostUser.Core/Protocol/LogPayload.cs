using System.Runtime.InteropServices;

namespace VhostUser.Protocol;

/// <summary>Where a dirty log lies in its file: the payload of SET_LOG_BASE, 16 bytes (vhost-user, "Log description").</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct LogPayload
{
    /// <summary>Bytes of the log.</summary>
    public ulong Size;

    /// <summary>Bytes of the file before it.</summary>
    public ulong Offset;

    public override readonly string ToString() => $"size 0x{Size:x}, offset 0x{Offset:x}";
}
