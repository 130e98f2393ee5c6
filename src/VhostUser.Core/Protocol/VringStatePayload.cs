using System.Runtime.InteropServices;

namespace VhostUser.Protocol;

/// <summary>A ring index and a number: the payload of NUM, BASE and ENABLE, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct VringStatePayload
{
    public uint Index;
    public uint Number;
}
