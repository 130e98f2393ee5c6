using VhostUser.Memory;

namespace VhostUser.Devices.Net;

/// <summary>Takes packets in place; a struct, so that the receiver's loop calls it directly.</summary>
internal interface IPacketConsumer
{
    /// <summary>Looks at one packet; its memory goes back to the device when this returns.</summary>
    /// <param name="packet">The bytes behind the header.</param>
    /// <param name="header">The virtio-net header, in the first buffer.</param>
    void Consume(in PacketView packet, Segment header);
}
