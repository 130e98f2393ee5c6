using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Rings;
using VhostUser.Rings.Packed;

namespace VhostUser.Endpoints;

/// <summary>What holds a client's ring up, in words, as far as this side can know: what the back-end waits for, it does not tell.</summary>
public sealed partial class VhostClient
{
    private string Judge(DriverRing ring, RingIndices now)
    {
        if (_state == EndpointState.Disconnected)
            return _receivers[ring.Index]?.HasPacket == true ? "the back-end closed the connection; packets that it sent before wait to be received" : "the back-end closed the connection";
        if (IsAway) return "the back-end has gone; the client waits for the next one on its socket";
        if (_fault is not null) return "faulted: " + _fault.Message;
        if (_state != EndpointState.Running) return "stopped: the handshake is not complete";
        if (ring.Queue.Verdict is string own) return own;
        if (now.Available != now.Next)
            return $"another program writes this ring: avail.idx is {now.Available}, this client left it at {now.Next}";
        int inFlight = (ushort)(now.Available - now.Used);
        if (inFlight > ring.Queue.Size) return $"the back-end's used index {now.Used} does not fit: {inFlight} chains would be in flight in a ring of {ring.Queue.Size}";
        string verdict = _receivers[ring.Index] is NetReceiver receiver ? JudgeReceive(receiver, now, inFlight) : JudgeTransmit(ring, now, inFlight);
        return verdict + ring.Counters.Drops.Explain(HeaderLength);
    }

    private static string JudgeReceive(NetReceiver receiver, RingIndices now, int inFlight)
    {
        // In the ring, or already taken from it together with others that were received.
        if (now.Used != now.OwnUsed || receiver.HasPacket) return "packets wait to be received";
        if (inFlight == 0) return "no receive buffers are posted";
        return now.Used == 0 ? $"ok; {inFlight} buffers are posted and the back-end has sent nothing yet" : "ok";
    }

    private string JudgeTransmit(DriverRing ring, RingIndices now, int inFlight)
    {
        if (now.Available == 0) return "ok; nothing has been sent yet";
        if (inFlight == 0) return "ok";
        string waiting = ring.Queue.Free == 0 ? $"the ring is full: {Waiting(inFlight)}" : Waiting(inFlight);
        if (now.Used == 0)
            return $"{waiting} and the back-end has returned none{HowLong(ring)}: it has not started this ring (some wait for all rings, or for DRIVER_OK), is at work on the first (a slow script), or hangs";
        return $"{waiting} for the back-end, which has returned none{HowLong(ring)}; {WhetherKicked(now)}";
    }

    private static string Waiting(int packets) => packets == 1 ? "1 packet waits" : $"{packets} packets wait";

    /// <summary>Since when, unless that is less than what one decimal shows.</summary>
    private static string HowLong(DriverRing ring)
    {
        if (ring.WaitingSince == 0) return "";
        TimeSpan since = Stopwatch.GetElapsedTime(ring.WaitingSince);
        return since.TotalSeconds < 0.1 ? "" : $" for {since.TotalSeconds:0.#} s";
    }

    /// <summary>Whether the device asked for a kick for what waits (virtio 1.3 §2.7.10).</summary>
    private string WhetherKicked(RingIndices now)
    {
        if (now.Packed is not null) return now.Packed.DeviceEvent.Wish == EventWish.Disable ? "it asked for no kicks (DISABLE): it polls, or forgot to ask again" : "it was kicked";
        if (!RingFeatures.From(_handshake!.Features).EventIdx) return (now.UsedFlags & 1) != 0 ? "it asked for no kicks (NO_NOTIFY): it polls, or forgot to ask again" : "it was kicked";
        return EventIndex.Passed(now.AvailableEvent, now.Available, now.Used)
            ? "it was kicked"
            : $"it wants a kick only after index {now.AvailableEvent} (avail_event), and {now.Available} is reached: it polls, or forgot to ask again";
    }
}
