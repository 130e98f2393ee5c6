using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>A server at the end of a link: all its queue pairs, each to the one with its number at the other end.</summary>
internal sealed class ServerLinkEnd(VhostServer server, TimeSpan dropAfter) : LinkEnd
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    private LinkDevice? _device;

    public override string Kind => "Server";

    public override string Name => server.Name;

    public override int Pairs => server.QueuePairs;

    public override ulong GuestFeatures => (ulong)server.GuestFeatures;

    public override TimeSpan? Patience => _device!.IsWaiting ? s_look : null;

    public override Worker Join(IbTransport link)
    {
        _device = new LinkDevice(link, Pairs, dropAfter);
        return server.JoinLink(link, _device);
    }

    public override void Leave(IbTransport link) => server.LeaveLink(link);

    public override void SessionChanged(FrameLink? session)
    {
        _device!.Session = session;
        server.WakeRings();
    }

    // Packets for pairs that run are taken by the server's own rounds.
    public override bool Work() => _device!.DropUnclaimed();

    public override void Wake() => server.WakeRings();

    public override void AddDrops(IDictionary<string, long> drops) => _device!.Drops.AddTo(drops);
}
