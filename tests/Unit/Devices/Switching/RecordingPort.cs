using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Switching;

namespace VhostUser.Tests.Devices.Switching;

/// <summary>A port that keeps what the switch sends to it.</summary>
internal sealed unsafe class RecordingPort(string name) : SwitchPort(name)
{
    public List<(byte[] Frame, NetHeader Header)> Sent { get; } = [];

    public int Flushes { get; private set; }

    public override void Send(in PacketView packet, in NetHeader header, int queue)
    {
        byte[] frame = new byte[packet.Length];
        fixed (byte* target = frame) packet.CopyTo(target);
        Sent.Add((frame, header));
    }

    public override void Flush() => Flushes++;

    public byte[] Single()
    {
        byte[] frame = Xunit.Assert.Single(Sent).Frame;
        Sent.Clear();
        return frame;
    }
}
