using System.Management.Automation;
using System.Net;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Handles;
using VhostUser.Packets;
using VhostUser.Protocol;

namespace VhostUser.Commands;

/// <summary>Connects a front-end to a back-end, shares memory with it and starts its rings.</summary>
[Cmdlet(VerbsCommunications.Connect, "VhostClient", SupportsShouldProcess = true)]
[OutputType(typeof(VhostClient))]
public sealed class ConnectVhostClientCommand : VhostCmdlet
{
    /// <summary>Name of the client, unique in this process.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    public string Name { get; set; } = "";

    /// <summary>Path of the Unix socket, at most 107 bytes.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>Shared regions for rings and buffers; all of them are shared with the back-end.</summary>
    [Parameter(Mandatory = true, Position = 2, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(RegionNameCompleter))]
    [ValidateNotNullOrEmpty]
    public RegionArgument[] Region { get; set; } = [];

    /// <summary>Descriptors per ring, 2 to 32768; a power of two unless the rings are packed.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public int QueueSize { get; set; } = 256;

    /// <summary>Queue pairs, 1 to 128.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public int QueuePairs { get; set; } = 1;

    /// <summary>Bytes of a packet buffer, virtio-net header included, 64 to 65600.</summary>
    [Parameter]
    [ByteSize]
    public long BufferSize { get; set; } = 2048;

    /// <summary>Virtio features that the back-end must have.</summary>
    [Parameter]
    public VirtioFeatures[] Feature { get; set; } = [];

    /// <summary>Virtio features not to use even if the back-end offers them.</summary>
    [Parameter]
    public VirtioFeatures[] ExcludeFeature { get; set; } = [];

    /// <summary>Protocol features that the back-end must have and that are used: InbandNotifications, GpaAddresses.</summary>
    [Parameter]
    public ProtocolFeatures[] ProtocolFeature { get; set; } = [];

    /// <summary>Protocol features not to use even if the back-end offers them.</summary>
    [Parameter]
    public ProtocolFeatures[] ExcludeProtocolFeature { get; set; } = [];

    /// <summary>Whose numbers of protocol features the back-end uses.</summary>
    [Parameter]
    public ProtocolDialect Dialect { get; set; }

    /// <summary>The MAC address to announce when the back-end asks for that (GuestAnnounce).</summary>
    [Parameter]
    public MacAddress? MacAddress { get; set; }

    /// <summary>The IPv4 address to announce as well, with a gratuitous ARP request.</summary>
    [Parameter]
    public IPAddress? IPAddress { get; set; }

    /// <summary>Makes the client the destination of a post-copy: the back-end gets the region without its pages, which come from this one.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RegionNameCompleter))]
    public RegionArgument? PostcopyFrom { get; set; }

    /// <summary>How long to wait for the peer and for each of its replies, in seconds or as a TimeSpan.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Tries again until the timeout while nobody listens, or another front-end has the back-end.</summary>
    [Parameter]
    public SwitchParameter Retry { get; set; }

    /// <summary>Outlives the back-end: rings and regions are kept when it goes away, and given to the next one on the same socket.</summary>
    [Parameter]
    public SwitchParameter Reconnect { get; set; }

    /// <summary>Listens for the back-end instead of connecting to it.</summary>
    [Parameter]
    public SwitchParameter Listen { get; set; }

    /// <summary>With -Listen: mode of the socket file in octal digits, for example '0660'.</summary>
    [Parameter]
    [SocketMode]
    public UnixFileMode? SocketMode { get; set; }

    /// <summary>With -Listen: replaces a socket file on which nobody listens.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>The kind of device to drive; the rings of other devices than Net are left to raw chains.</summary>
    [Parameter]
    public ClientDevice Device { get; set; }

    /// <summary>Rings of a device that is no network device, 1 to 256.</summary>
    [Parameter]
    public int RingCount { get; set; } = 1;

    /// <summary>The peer's known deviations from the specification.</summary>
    [Parameter]
    public PeerProfile PeerProfile { get; set; }

    /// <summary>Connects one client.</summary>
    protected override void ProcessRecord()
    {
        if (!ShouldProcess($"{Name} at {Path}", Listen ? "Listen for a back-end" : "Connect client")) return;
        Guard(() =>
        {
            HandleName.Check(Name);
            VhostClient client = LiveHandles.Clients.Add(Name, () => VhostClient.Connect(Options(), Cancel));
            foreach (string refused in client.Snapshot().RefusedFeatures) WriteVerbose(refused);
            WriteObject(client);
        }, Name);
    }

    private VhostClientOptions Options() => new()
    {
        Name = Name,
        Path = UserPath.ResolveSocket(this, Path),
        Regions = [.. Region.SelectMany(region => region.ResolveAll())],
        QueueSize = QueueSize,
        QueuePairs = QueuePairs,
        BufferSize = (int)Math.Min(BufferSize, int.MaxValue),
        RequireFeatures = FeatureSet.Of(Feature),
        ExcludeFeatures = FeatureSet.Of(ExcludeFeature),
        RequireProtocolFeatures = FeatureSet.Of(ProtocolFeature),
        ExcludeProtocolFeatures = FeatureSet.Of(ExcludeProtocolFeature),
        Dialect = Dialect,
        PostcopySource = PostcopyFrom?.Resolve(),
        MacAddress = MacAddress,
        IPAddress = IPAddress,
        Timeout = Timeout,
        Retry = Retry,
        Reconnect = Reconnect,
        Listen = Listen,
        SocketMode = SocketMode,
        Force = Force,
        Device = Device,
        RingCount = RingCount,
        Profile = PeerProfile,
    };
}
