using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>What a server's rings look like while no front-end is there.</summary>
public sealed partial class VhostServer
{
    private VringState[] ReadIdleRings(int? queue)
    {
        string verdict = "stopped: " + WhyNoSession();
        return [.. Enumerable.Range(0, _offer.RingCount).Where(index => queue is null || index == queue).Select(index => new VringState
        {
            Owner = Name,
            Role = "BackEnd",
            Queue = index,
            Direction = index == 2 * _options.QueuePairs ? "Control" : (index & 1) == 0 ? "RX" : "TX",
            Layout = "Split",
            Size = 0,
            Started = false,
            Enabled = false,
            Free = -1,
            Verdict = verdict,
        })];
    }

    private string WhyNoSession()
    {
        string reason = _state switch
        {
            EndpointState.Stopped => "the server was stopped",
            EndpointState.Faulted => "the server failed",
            _ when _options.Connect => $"no front-end listens on {Path}; the server keeps trying",
            _ => $"no front-end is connected; the server listens on {Path}",
        };
        return _fault is null ? reason : $"{reason}; the last error was: {_fault.Message}";
    }
}
