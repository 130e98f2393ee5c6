using System.Runtime.InteropServices;
using VhostUser.Devices.Net.Capturing;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Devices.Net.Switching;

/// <summary>
/// A tap interface of the host as a port of a switch. The kernel writes guest memory out itself (writev on the segments); what comes
/// in is read into private memory first, for only its destination says whose buffers it belongs into.
/// </summary>
internal sealed unsafe class TapPort : SwitchPort, IDisposable
{
    private const int BurstSize = 64;

    // What the kernel hands over and takes: UDP in pieces only since Linux 6.2, so those are cut here.
    private const VirtioFeatures FromHost = VirtioFeatures.Csum | VirtioFeatures.HostTso4 | VirtioFeatures.HostTso6 | VirtioFeatures.HostEcn;
    private const VirtioFeatures ToHost = VirtioFeatures.GuestCsum | VirtioFeatures.GuestTso4 | VirtioFeatures.GuestTso6 | VirtioFeatures.GuestEcn;

    private readonly EthernetSwitch _network;
    private readonly SoftwareOffload _offload;
    private readonly TapInterface _tap;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(NetHeader.Length + (int)TransmitReader.MaxPacket, pinned: true);

    /// <exception cref="VhostException">TapFailed.</exception>
    public TapPort(string name, EthernetSwitch network, SoftwareOffload offload) : base(name)
    {
        _network = network;
        _offload = offload;
        _tap = new TapInterface(name);
        try
        {
            _tap.SetHeaderLength(NetHeader.Length);
            _tap.SetOffloads(TapOffloads.For(ToHost));
        }
        catch
        {
            _tap.Dispose();
            throw;
        }
    }

    /// <summary>Where what the host sends and gets is captured.</summary>
    public CaptureTap Capture { get; } = new();

    /// <summary>Becomes readable when the host sends.</summary>
    public int Fd => _tap.Fd;

    /// <summary>Whether the interface is up: down, it refuses every packet.</summary>
    public bool IsUp => _tap.IsUp;

    /// <summary>Takes a burst of what the host sends to the switch. True when there may be more.</summary>
    public bool Receive()
    {
        byte* buffer = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_buffer, 0);
        long now = Environment.TickCount64;
        _network.BeginBurst();
        int count = 0;
        for (; count < BurstSize; count++)
        {
            long length = Libc.Read(_tap.Fd, buffer, (nuint)_buffer.Length) - NetHeader.Length;
            if (length <= 0) break;
            NetHeader header = *(NetHeader*)buffer;
            if (!OffloadRules.IsAllowed(header, FromHost, (uint)length))
            {
                Drops.Add(DropReason.InvalidHeader);
                continue;
            }
            var frame = new Segment(buffer + NetHeader.Length, (uint)length);
            var packet = new PacketView(&frame, 1, 0, (uint)length);
            if (Capture.IsOn) Capture.Add(packet, header, queue: 0, outbound: false);
            _network.Forward(this, packet, header, queue: 0, now);
        }
        if (count > 0) _network.Flush();
        return count == BurstSize;
    }

    public override void Send(in PacketView packet, in NetHeader header, int queue)
    {
        if (OffloadRules.IsAccepted(header, ToHost))
        {
            Write(packet, header);
            return;
        }
        if (!_offload.TryBegin(packet, header, out DropReason reason))
        {
            Drops.Add(reason);
            return;
        }
        while (_offload.Next(out PacketView piece)) Write(piece, default);
    }

    public override void Flush() { }

    public void Dispose() => _tap.Dispose();

    private void Write(in PacketView packet, in NetHeader header)
    {
        if (Capture.IsOn) Capture.Add(packet, header, queue: 0, outbound: true);
        if (!_tap.TryWrite(packet, header)) Drops.Add(DropReason.TapRefused);
    }
}
