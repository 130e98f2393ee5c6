using System.Runtime.InteropServices;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Devices.Net;

/// <summary>
/// Joins the rings to a tap interface of the host. The kernel reads what the guest sends from the guest's buffers; what it sends
/// itself is copied into them here. Checksums and cutting are left to whoever comes last, kernel or guest, if it takes them.
/// </summary>
internal sealed unsafe class TapDevice : NetDevice
{
    private readonly TapInterface _tap;
    private readonly PacketForwarder _forwarder = new();
    private readonly byte[] _fromHost = GC.AllocateUninitializedArray<byte>(NetHeader.Length + (int)TransmitReader.MaxPacket, pinned: true);
    private uint _offloads;

    /// <param name="name">Interface name, at most 15 bytes; it is made when it does not exist (needs CAP_NET_ADMIN).</param>
    public TapDevice(string name)
    {
        _tap = new TapInterface(name);
        _tap.SetHeaderLength(NetHeader.Length);
        // Kernels before 6.2 know no USO: then it is not offered to the guest either.
        if (!_tap.TrySetOffloads(TapOffloads.All)) Unsupported = TapOffloads.UsoFeatures;
        _tap.TrySetOffloads(0);
    }

    public string Name => _tap.Name;

    public override int WakeFd => _tap.Fd;

    public override VirtioFeatures Unsupported { get; }

    public override bool Process(NetQueuePair pair)
    {
        uint offloads = TapOffloads.For(pair.Features);
        if (offloads != _offloads && _tap.TrySetOffloads(offloads)) _offloads = offloads;
        bool worked = FromGuest(pair);
        // One queue pair is enough for what comes from the host: a tap queue has no notion of the guest's others.
        return (pair.Index == 0 && ToGuest(pair)) | worked;
    }

    public override void Dispose() => _tap.Dispose();

    public override void Announce(ReadOnlySpan<byte> frame)
    {
        Span<byte> packet = stackalloc byte[NetHeader.Length + frame.Length];
        packet[..NetHeader.Length].Clear();
        frame.CopyTo(packet[NetHeader.Length..]);
        fixed (byte* p = packet) Libc.Write(_tap.Fd, p, (nuint)packet.Length);
    }

    private bool FromGuest(NetQueuePair pair)
    {
        if (!pair.CanTransmit) return false;
        Vring ring = pair.Transmit;
        int count = pair.TakeTransmitted(BurstSize);
        if (count == 0) return false;
        for (int i = 0; i < count; i++)
        {
            if (!TransmitReader.TryTake(pair, ref ring.Burst.Chains[i], out PacketView packet, out NetHeader header)) continue;
            if (!_tap.TryWrite(packet, header)) ring.Counters.Drops.Add(DropReason.TapRefused);
        }
        ReturnTransmitted(ring, count);
        return true;
    }

    private bool ToGuest(NetQueuePair pair)
    {
        byte* buffer = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_fromHost, 0);
        pair.Filler.Expect(BurstSize);
        int taken = 0;
        for (; taken < BurstSize; taken++)
        {
            long read = Libc.Read(_tap.Fd, buffer, (nuint)_fromHost.Length);
            if (read <= NetHeader.Length) break;
            if (!pair.CanReceive)
            {
                pair.Receive.Counters.Drops.Add(DropReason.ReceiveRingStopped);
                continue;
            }
            uint length = (uint)read - NetHeader.Length;
            var segment = new Segment(buffer + NetHeader.Length, length);
            // A packet that the kernel left for a guest which has turned the offload off since then is finished here.
            if (!_forwarder.TryForward(pair, new PacketView(&segment, 1, 0, length), *(NetHeader*)buffer, out DropReason reason)) pair.Receive.Counters.Drops.Add(reason);
        }
        if (pair.CanReceive) pair.Filler.Flush();
        return taken > 0;
    }
}
