using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Capturing;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Devices.Net.Switching;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>
/// A link as a port of a switch. All links are of one group, whose ports never send to each other: in a full mesh of hosts each packet
/// goes over one link only, so that the mesh is one switch and has no loop.
/// </summary>
internal sealed unsafe class LinkPort : SwitchPort
{
    /// <summary>The split-horizon group of links; users' own are above 0.</summary>
    public const int LinkGroup = -1;

    private const int BurstSize = 64;
    private const VirtioFeatures Sendable = VirtioFeatures.Csum | VirtioFeatures.HostTso4 | VirtioFeatures.HostTso6 | VirtioFeatures.HostEcn | VirtioFeatures.HostUfo | VirtioFeatures.HostUso;

    private readonly EthernetSwitch _network;

    public LinkPort(string name, EthernetSwitch network) : base(name)
    {
        _network = network;
        Group = LinkGroup;
    }

    /// <summary>Where the packets that cross the link are captured.</summary>
    public CaptureTap Capture { get; } = new();

    /// <summary>The running session, or null.</summary>
    public FrameLink? Session { get; set; }

    public override void Send(in PacketView packet, in NetHeader header, int queue)
    {
        if (Session is not FrameLink session)
        {
            Drops.Add(DropReason.LinkDown);
            return;
        }
        FrameChannel channel = session.Channels[queue % session.Channels.Length];
        bool plain = ((header.Flags & NetHeader.NeedsCsum) | header.GsoType) == 0;
        byte* room = channel.TryReserve(packet.Length, !plain, out byte* headerRoom);
        if (room == null)
        {
            Drops.Add(DropReason.LinkBusy); // a switch does not make the sender wait for one of many receivers
            return;
        }
        if (!plain) *(NetHeader*)headerRoom = header with { BufferCount = 0 };
        packet.CopyTo(room);
        if (Capture.IsOn) Capture.Add(packet, header, queue, outbound: true);
    }

    public override void Flush()
    {
        if (Session is not FrameLink session) return;
        foreach (FrameChannel channel in session.Channels) channel.Flush();
    }

    /// <summary>Gives a burst of what came to the switch; true when there may be more.</summary>
    public bool Receive()
    {
        if (Session is not FrameLink session) return false;
        Flush(); // what waited for credits
        long now = Environment.TickCount64;
        int done = 0;
        for (int queue = 0; queue < session.Channels.Length; queue++)
        {
            FrameChannel channel = session.Channels[queue];
            if (!channel.HasPacket) continue;
            _network.BeginBurst();
            for (int i = 0; i < BurstSize && channel.TryPeek(out Segment packet, out byte* header); i++, done++)
            {
                NetHeader asked = header == null ? default : *(NetHeader*)header;
                asked.Flags &= NetHeader.NeedsCsum;
                asked.BufferCount = 0;
                var view = new PacketView(&packet, 1, 0, packet.Length);
                if (Capture.IsOn) Capture.Add(view, asked, queue, outbound: false);
                if (OffloadRules.IsAllowed(asked, Sendable, packet.Length)) _network.Forward(this, view, asked, queue, now);
                else Drops.Add(DropReason.InvalidHeader);
                channel.Advance();
            }
        }
        if (done > 0) _network.Flush();
        return done > 0;
    }
}
