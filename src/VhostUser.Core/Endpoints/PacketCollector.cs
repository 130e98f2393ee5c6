using VhostUser.Devices.Net;
using VhostUser.Memory;
using VhostUser.Packets;

namespace VhostUser.Endpoints;

/// <summary>Copies packets out of the ring as objects.</summary>
internal readonly unsafe struct PacketCollector(ICollection<ReceivedPacket> into, int queue, DateTimeOffset time) : IPacketConsumer
{
    public void Consume(in PacketView packet, Segment header)
    {
        byte[] frame = GC.AllocateUninitializedArray<byte>((int)packet.Length);
        fixed (byte* p = frame) packet.CopyTo(p);
        into.Add(ReceivedPacket.Owning(frame, header.Span, queue, time));
    }
}
