using VhostUser.Devices.Net.Switching;

namespace VhostUser.Endpoints;

/// <summary>A server as a port of a bridge.</summary>
internal sealed class BridgeServerMember(VhostServer server, SwitchDevice.GuestPort port) : BridgeMember(port)
{
    public VhostServer Server => server;

    public override string Kind => "Server";

    public override bool IsUp => port.Receivers.Length > 0;

    public override CaptureSource CaptureSource(string bridge) => Endpoints.CaptureSource.Of(server);

    public override void Leave() => server.LeaveBridge();
}
