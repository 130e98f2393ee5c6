using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Handles;
using VhostUser.Packets;

namespace VhostUser.Commands;

/// <summary>Start-VringCapture: writes the packets of servers, clients and bridge ports to a pcapng file while they pass.</summary>
[Cmdlet(VerbsLifecycle.Start, "VringCapture", SupportsShouldProcess = true)]
[OutputType(typeof(VhostCapture))]
public sealed class StartVringCaptureCommand : VhostCmdlet
{
    private readonly List<CaptureSource> _sources = [];
    private bool _failed;

    /// <summary>Name of the capture, unique in this process.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    public string Name { get; set; } = "";

    /// <summary>The pcapng file.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>Servers and clients, live or as Get-VhostServer and Get-VhostClient write them, or names of them.</summary>
    [Parameter(Position = 2, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(EndpointNameCompleter))]
    [SupportsWildcards]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>Servers, by name, pattern or handle.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    [SupportsWildcards]
    public ServerArgument[] Server { get; set; } = [];

    /// <summary>Clients, by name, pattern or handle.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    [SupportsWildcards]
    public ClientArgument[] Client { get; set; } = [];

    /// <summary>Bridges, all of whose ports are captured.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(BridgeNameCompleter))]
    [SupportsWildcards]
    public BridgeArgument[] Bridge { get; set; } = [];

    /// <summary>Only these ports of the bridges.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(BridgePortNameCompleter))]
    public string[] Port { get; set; } = [];

    /// <summary>Only these rings of servers and clients, one interface of the file each.</summary>
    [Parameter]
    [ValidateRange(0, 255)]
    [ArgumentCompleter(typeof(QueueCompleter))]
    public int[] Queue { get; set; } = [];

    /// <summary>Only what endpoints receive from their peers (In), or what they send to them (Out).</summary>
    [Parameter]
    public CaptureDirection Direction { get; set; }

    /// <summary>Only packets of these types, looked for behind VLAN tags.</summary>
    [Parameter]
    public EtherType[] EtherType { get; set; } = [];

    /// <summary>The most bytes kept of a packet; whole packets when not given.</summary>
    [Parameter]
    [ValidateRange(1, 262144)]
    public int SnapLength { get; set; }

    /// <summary>Packets after which the capture ends.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long Count { get; set; }

    /// <summary>Bytes of all its files together at which it ends.</summary>
    [Parameter]
    [ByteSize]
    public long Size { get; set; }

    /// <summary>Time after which it ends: seconds or a TimeSpan.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan? Duration { get; set; }

    /// <summary>Begins a new file before this one gets larger.</summary>
    [Parameter]
    [ByteSize]
    public long RotateSize { get; set; }

    /// <summary>Begins a new file after so many packets.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long RotateCount { get; set; }

    /// <summary>How many files are kept, the newest ones; all when not given.</summary>
    [Parameter]
    [ValidateRange(1, 100000)]
    public int Keep { get; set; }

    /// <summary>Bytes between each endpoint and the file.</summary>
    [Parameter]
    [ByteSize]
    public long BufferSize { get; set; } = 16 << 20;

    /// <summary>Writes over a file that exists.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Gathers what the pipeline names.</summary>
    protected override void ProcessRecord() => Gather(() => AddRings(InputObject.SelectMany(EndpointInput.Find)));

    /// <summary>Starts one capture of all that was named, or none.</summary>
    protected override void EndProcessing()
    {
        Gather(() => AddRings(Server.SelectMany(server => server.ResolveAll()).Select(Endpoint.Of)));
        Gather(() => AddRings(Client.SelectMany(client => client.ResolveAll()).Select(Endpoint.Of)));
        Gather(() =>
        {
            foreach (VhostBridge bridge in Bridge.SelectMany(bridge => bridge.ResolveAll())) _sources.AddRange(CaptureSource.Of(bridge, Port.Length == 0 ? null : Port));
        });
        if (_failed || !ShouldProcess($"{string.Join(", ", _sources.Select(source => source.Name))} into {Path}", "Start capture")) return;
        Guard(() =>
        {
            HandleName.Check(Name);
            string path = UserPath.Resolve(this, Path);
            WriteObject(LiveHandles.Captures.Add(Name, () => VhostCapture.Start(OptionsFor(path))));
        }, Name);
    }

    private void Gather(Action what) => _failed |= !Guard(what);

    private void AddRings(IEnumerable<Endpoint> endpoints)
    {
        foreach (Endpoint endpoint in endpoints)
        {
            if (Queue.Length == 0) _sources.Add(endpoint.GetCaptureSource(null));
            else _sources.AddRange(Queue.Select(queue => endpoint.GetCaptureSource(queue)));
        }
    }

    private VhostCaptureOptions OptionsFor(string path) => new()
    {
        Name = Name,
        Path = path,
        Sources = _sources,
        SnapLength = SnapLength,
        Direction = Direction,
        EtherTypes = EtherType,
        Count = Count,
        Size = Size,
        Duration = Duration,
        RotateSize = RotateSize,
        RotateCount = RotateCount,
        Keep = Keep,
        BufferSize = (int)Math.Min(BufferSize, int.MaxValue),
        Force = Force,
    };
}
