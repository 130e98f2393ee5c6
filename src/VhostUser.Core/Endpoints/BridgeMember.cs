using VhostUser.Devices.Net.Switching;

namespace VhostUser.Endpoints;

/// <summary>Who is behind a port of a bridge.</summary>
internal abstract class BridgeMember(SwitchPort port)
{
    public SwitchPort Port => port;

    /// <summary>"Server" or "Tap".</summary>
    public abstract string Kind { get; }

    /// <summary>Whether packets can be sent there now.</summary>
    public abstract bool IsUp { get; }

    /// <summary>Where its packets are captured.</summary>
    /// <param name="bridge">Name of the bridge.</param>
    public abstract CaptureSource CaptureSource(string bridge);

    /// <summary>Goes back to where it was before it became a port.</summary>
    public abstract void Leave();
}
