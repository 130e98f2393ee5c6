using VhostUser.Devices.Net;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>What holds a back-end's ring up, in words: the first condition that is missing.</summary>
internal sealed partial class BackEnd
{
    private string Judge(Vring ring, RingIndices now)
    {
        if (ring.Queue!.Verdict is string own) return own;
        if (now.Used != now.OwnUsed)
            return $"another program writes this ring: used.idx is {now.Used}, this server left it at {now.OwnUsed}";
        if (now.Packed is { } packed && packed.DeviceEvent.Position != packed.Used)
            return $"another program writes this ring: its event suppression area names descriptor {packed.DeviceEvent.Position.Offset}, this server left it at {packed.Used.Offset}";
        if ((ushort)(now.Available - now.Next) > ring.Size)
            return $"the driver's available index {now.Available} is more than the ring's size {ring.Size} ahead of {now.Next}";
        if (!IsEnabled(ring))
            return ring.WasEnabled ? "disabled by the front-end: packets are thrown away" : "started but not enabled: SET_VRING_ENABLE has not come";
        return (ring.IsReceive && ring.Index != ControlIndex ? JudgeReceive(ring, now) : JudgeTransmit(ring, now)) + ring.Counters.Drops.Explain(Devices.Net.NetHeader.LengthFor(Features));
    }

    private string JudgeReceive(Vring ring, RingIndices now)
    {
        if (now.Available == now.Next)
        {
            return ring.Counters.Packets == 0 && now.Available == 0 ? "the front-end has posted no receive buffers"
                : Device is SourceDevice ? "the front-end has no free receive buffer: Source waits for one"
                : "the front-end has no free receive buffer: the next packet for it will be dropped";
        }
        return WhyNotCalled(ring, now) ?? "ok";
    }

    private static string JudgeTransmit(Vring ring, RingIndices now)
    {
        if (now.Available != now.Next)
        {
            if (ring.KickFd is null && ring.CallByMessage is null) return "packets wait; no kick descriptor: this server must poll";
            // While the server sleeps it asks for kicks: then it is the front-end's turn.
            return (now.UsedFlags & 1) != 0 || ring.Counters.KicksReceived > 0 ? "packets wait to be taken" : "packets wait and the front-end has never kicked";
        }
        if (now.Next != now.OwnUsed) return (ushort)(now.Next - now.OwnUsed) is 1 ? "1 packet was taken and its descriptors not returned yet" : $"{(ushort)(now.Next - now.OwnUsed)} packets were taken and their descriptors not returned yet";
        if (ring.Counters.Packets == 0) return "ok; the front-end has sent nothing yet";
        return WhyNotCalled(ring, now) ?? "ok";
    }

    /// <summary>A front-end that wants calls must have said where to: DPDK waits for the descriptor before it starts a ring at all.</summary>
    private static string? WhyNotCalled(Vring ring, RingIndices now)
    {
        if (ring.CallFd is not null || ring.CallByMessage is not null || (now.AvailableFlags & 1) != 0) return null;
        return ring.CallReceived ? "ok; the front-end gave no call descriptor: it polls" : "no call descriptor was received (SET_VRING_CALL): the front-end must poll";
    }
}
