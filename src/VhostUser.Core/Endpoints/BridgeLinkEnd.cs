using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>A bridge at the end of a link, which is a port of it.</summary>
internal sealed class BridgeLinkEnd(VhostBridge bridge) : LinkEnd
{
    private LinkPort? _port;

    public override string Kind => "Bridge";

    public override string Name => bridge.Name;

    public override int Pairs => 1;

    public override ulong GuestFeatures => 0; // many guests, or none

    public override Worker Join(IbTransport link)
    {
        _port = new LinkPort(link.Name, bridge.Switch);
        return bridge.JoinLink(link, _port);
    }

    public override void Leave(IbTransport link) => bridge.LeaveLink(link);

    public override void SessionChanged(FrameLink? session) => _port!.Session = session;

    public override bool Work() => _port!.Receive();

    public override void AddDrops(IDictionary<string, long> drops) => _port!.Drops.AddTo(drops);
}
