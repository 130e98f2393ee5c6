using System.Runtime.InteropServices;

namespace VhostUser.Devices.Net.Capturing;

/// <summary>What stands in front of each packet in a capture's buffer: 32 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CaptureRecord
{
    /// <summary>A value of <see cref="Kept"/> that is no length: the rest of the buffer is unused, the next record is at its start.</summary>
    public const int Wrap = -1;

    /// <summary>Bytes of the packet that follow.</summary>
    public int Kept;
    /// <summary>Bytes of the packet.</summary>
    public uint Length;
    /// <summary>Time stamp of the monotonic clock.</summary>
    public long Time;
    /// <summary>Packets that found no room since the record before.</summary>
    public uint Dropped;
    public byte Queue;
    public byte Outbound;
    /// <summary>Flags and gso_type of the virtio-net header.</summary>
    public byte Flags;
    public byte GsoType;
    public ushort GsoSize;
    public ushort ChecksumStart;
    public ushort ChecksumOffset;
    public ushort Reserved;
}
