using System.Runtime.InteropServices;

namespace VhostUser.Rings.Split;

/// <summary>struct virtq_desc, 16 bytes (virtio 1.3 §2.7.5).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SplitDescriptor
{
    public ulong Address;
    public uint Length;
    public DescriptorFlags Flags;
    public ushort Next;
}
