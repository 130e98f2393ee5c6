using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using static VhostUser.Labs.LabValues;

namespace VhostUser.Labs;

/// <summary>One key of a table in a lab file.</summary>
/// <param name="Name">Its name, which is that of the cmdlet's parameter.</param>
/// <param name="Read">Reads its value, or throws FormatException with what it expected.</param>
/// <param name="Required">Whether the table must have it.</param>
internal sealed record LabKey(string Name, Func<object, object> Read, bool Required = false);

/// <summary>The sections of a lab file and their keys. A further kind of thing is a further row here, and a case where a lab is made.</summary>
internal static class LabSchema
{
    public const string Hosts = "Hosts";

    /// <summary>Links between hosts: known, so that the message can say that they are still to come.</summary>
    public const string Links = "Links";

    private static readonly LabKey[] s_features =
    [
        new("Feature", SetOf<VirtioFeatures>()), new("ExcludeFeature", SetOf<VirtioFeatures>()),
        new("ProtocolFeature", SetOf<ProtocolFeatures>()), new("ExcludeProtocolFeature", SetOf<ProtocolFeatures>()),
        new("Dialect", OneOf<ProtocolDialect>()), new("PeerProfile", OneOf<PeerProfile>()),
    ];

    /// <summary>The sections that make something.</summary>
    public static IReadOnlyDictionary<string, (LabItemKind Kind, LabKey[] Keys)> Sections { get; } =
        new Dictionary<string, (LabItemKind, LabKey[])>(StringComparer.OrdinalIgnoreCase)
        {
            ["Regions"] = (LabItemKind.Region,
            [
                new("Size", Size, Required: true), new("Backing", OneOf<RegionBacking>()), new("HugePage", Size), new("Path", Words("a path")),
                new("GuestAddress", Address), new("UserAddress", Address),
            ]),
            ["Servers"] = (LabItemKind.Server,
            [
                new("Path", Words("a path"), Required: true), new("Connect", Switch), new("Mode", OneOf(ServerMode.Script)), new("PacketSize", Whole(60, 65535)), new("Rate", Rate),
                new("Tap", Words("the name of an interface")), new("QueuePairs", Whole(1, 128)), new("Poll", Switch), new("Core", Whole(0, 1023)), new("Force", Switch),
                new("MacAddress", Mac), new("Mtu", Whole(68, 65535)), new("ControlQueue", Switch), .. s_features,
            ]),
            ["Bridges"] = (LabItemKind.Bridge,
            [
                new("Port", Names), new("Tap", Names), new("AgeingTime", Seconds), new("Core", Whole(0, 1023)),
                new("AccessVlan", ByPort(Whole(1, 4094))), new("Trunk", ByPort(Wholes(1, 4094))), new("Group", ByPort(Whole(0, int.MaxValue))),
            ]),
            ["Clients"] = (LabItemKind.Client,
            [
                new("Region", Names, Required: true), new("Server", Words("the name of a server of the lab")), new("Path", Words("a path")),
                new("QueueSize", Whole(2, 32768)), new("QueuePairs", Whole(1, 128)), new("BufferSize", Size), new("Timeout", Seconds), new("Retry", Switch), new("Reconnect", Switch),
                new("Listen", Switch), new("Force", Switch), new("Device", OneOf<ClientDevice>()), new("RingCount", Whole(1, 256)), .. s_features,
            ]),
        };

    /// <summary>The keys of a host; they are parameters of New-PSSession, so that a host's table can be splatted to it.</summary>
    public static LabKey[] HostKeys { get; } =
        [new("HostName", Words("the name or address of a machine")), new("UserName", Words()), new("Port", Whole(1, 65535)), new("KeyFilePath", Words("a path"))];

    /// <summary>The keys of the file itself.</summary>
    public static IEnumerable<string> TopKeys => Sections.Keys.Prepend(Hosts).Prepend("Name").Append(Links);
}
