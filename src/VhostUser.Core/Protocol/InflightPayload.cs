using System.Runtime.InteropServices;

namespace VhostUser.Protocol;

/// <summary>Where the records of chains in flight are: the payload of GET_ and SET_INFLIGHT_FD, 24 bytes with the C struct's tail padding.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = 24)]
internal struct InflightPayload
{
    /// <summary>Bytes of the buffer; 0 in a reply means that there is none.</summary>
    public ulong MmapSize;

    /// <summary>Bytes of the file before it.</summary>
    public ulong MmapOffset;

    public ushort QueueCount;

    public ushort QueueSize;

    public override readonly string ToString() => $"size 0x{MmapSize:x}, offset 0x{MmapOffset:x}, {QueueCount} queues of {QueueSize}";
}
