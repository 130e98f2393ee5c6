using System.Runtime.Intrinsics.X86;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Memory;
using VhostUser.Rings;

namespace VhostUser.Devices.Net.Switching;

/// <summary>A server as a port of a switch: what its guest transmits goes to the switch, what the switch sends goes into its receive rings.</summary>
internal sealed unsafe class SwitchDevice(EthernetSwitch network, SwitchDevice.GuestPort port) : NetDevice
{
    public override string Silence => "no other port of the bridge had one for it";

    public override bool Process(NetQueuePair pair)
    {
        if (!pair.CanTransmit) return false;
        Vring ring = pair.Transmit;
        int count = pair.TakeTransmitted(BurstSize);
        if (count == 0) return false;
        Chain* chains = ring.Burst.Chains;
        if (Sse.IsSupported)
        {
            for (int i = 0; i < count; i++) Sse.Prefetch0(ring.Burst.Segments[chains[i].FirstSegment].Address);
        }
        network.BeginBurst();
        long now = Environment.TickCount64;
        for (int i = 0; i < count; i++)
        {
            if (TransmitReader.TryTake(pair, ref chains[i], out PacketView packet, out NetHeader header)) network.Forward(port, packet, header, pair.Index, now);
        }
        network.Flush();
        ReturnTransmitted(ring, count);
        return true;
    }

    /// <summary>The switch learns where the guest is, and so do those behind its other ports.</summary>
    public override void Announce(ReadOnlySpan<byte> frame)
    {
        fixed (byte* p = frame)
        {
            var segment = new Segment(p, (uint)frame.Length);
            network.BeginBurst();
            network.Forward(port, new PacketView(&segment, 1, 0, (uint)frame.Length), default, 0, Environment.TickCount64);
            network.Flush();
        }
    }

    public override VhostException? Fault => port.Fault;

    public override void PairsChanged(NetQueuePair[] pairs) => port.Receivers = [.. pairs.Where(pair => pair.CanReceive)];

    /// <summary>The way from the switch to the guest.</summary>
    internal sealed class GuestPort(string name, SoftwareOffload offload) : SwitchPort(name)
    {
        private readonly PacketForwarder _forwarder = new(offload);
        private NetQueuePair[] _receivers = [];

        /// <summary>Queue pairs of the guest that take packets.</summary>
        public NetQueuePair[] Receivers
        {
            get => _receivers;
            set
            {
                foreach (NetQueuePair pair in value) pair.Filler.Expect(BurstSize);
                _receivers = value;
                Fault = null;
            }
        }

        /// <summary>What the guest's rings did wrong while others sent to them: its own session has to end, not theirs.</summary>
        public VhostException? Fault { get; private set; }

        public override void Send(in PacketView packet, in NetHeader header, int queue)
        {
            if (_receivers.Length == 0)
            {
                Drops.Add(DropReason.ReceiveRingStopped);
                return;
            }
            NetQueuePair pair = _receivers[queue < _receivers.Length ? queue : queue % _receivers.Length];
            try
            {
                byte* data = packet.Contiguous;
                if (data != null && (header.Flags | header.GsoType) == 0 && pair.Filler.TryWritePlain(data, packet.Length)) return;
                if (!_forwarder.TryForward(pair, packet, header, out DropReason reason)) Drops.Add(reason);
            }
            catch (VhostException error)
            {
                Fail(error);
            }
        }

        public override void Flush()
        {
            try
            {
                foreach (NetQueuePair pair in _receivers) pair.Filler.Flush();
            }
            catch (VhostException error)
            {
                Fail(error);
            }
        }

        private void Fail(VhostException error)
        {
            Fault = error;
            _receivers = [];
        }
    }
}
