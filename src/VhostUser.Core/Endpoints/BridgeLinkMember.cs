namespace VhostUser.Endpoints;

/// <summary>A link as a port of a bridge.</summary>
internal sealed class BridgeLinkMember(IbTransport link, LinkPort port, Worker worker) : BridgeMember(port)
{
    public IbTransport Link => link;

    public override string Kind => "Link";

    public override bool IsUp => link.State == IbTransportState.Up;

    public override CaptureSource CaptureSource(string bridge) => Endpoints.CaptureSource.OfLink(bridge, link.Name, port.Capture);

    public override void Leave()
    {
        link.Abandon();
        worker.Invoke(() =>
        {
            worker.Remove(link);
            return true;
        });
    }
}
