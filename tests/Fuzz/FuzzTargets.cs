using VhostUser.Fuzz.Targets;

namespace VhostUser.Fuzz;

/// <summary>All targets by name.</summary>
internal static class FuzzTargets
{
    private static readonly (string Name, Func<FuzzTarget> Create)[] s_targets =
    [
        ("messages", () => new MessagesTarget()),
        ("replies", () => new RepliesTarget()),
        ("split", () => new SplitTarget(tables: false)),
        ("indirect", () => new SplitTarget(tables: true)),
        ("packed", () => new PackedTarget(tables: false)),
        ("indirect-packed", () => new PackedTarget(tables: true)),
        ("used", () => new SplitUsedTarget()),
        ("used-packed", () => new PackedUsedTarget()),
        ("inflight", () => new InflightTarget()),
        ("inflight-packed", () => new PackedInflightTarget()),
        ("channel", () => new ChannelTarget()),
        ("iotlb", () => new IotlbTarget()),
        ("control", () => new ControlTarget()),
        ("log", () => new LogTarget()),
        ("net", () => new NetTarget()),
        ("capture", () => new CaptureTarget()),
    ];

    public static IEnumerable<string> Names => s_targets.Select(target => target.Name);

    public static FuzzTarget? Create(string name) => s_targets.FirstOrDefault(target => target.Name == name).Create?.Invoke();
}
