using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Devices.Net;
using VhostUser.Endpoints;
using VhostUser.Handles;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Scripts;

namespace VhostUser.Commands;

/// <summary>Starts a back-end in the background.</summary>
[Cmdlet(VerbsLifecycle.Start, "VhostServer", SupportsShouldProcess = true)]
[OutputType(typeof(VhostServer))]
public sealed class StartVhostServerCommand : VhostCmdlet
{
    /// <summary>Name of the server, unique in this process.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    public string Name { get; set; } = "";

    /// <summary>Path of the Unix socket, at most 107 bytes.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>Connects to a listening front-end, again and again, instead of listening.</summary>
    [Parameter]
    public SwitchParameter Connect { get; set; }

    /// <summary>What to do with packets; -OnPacket implies Script and -Tap implies Tap.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public ServerMode Mode { get; set; }

    /// <summary>Mode Source: bytes per generated packet.</summary>
    [Parameter]
    public int PacketSize { get; set; } = 64;

    /// <summary>Mode Source: packets per second; 0 for as many as the ring takes.</summary>
    [Parameter]
    [ValidateRange(0.0, 1e9)]
    public double Rate { get; set; }

    /// <summary>Mode Script: gets each packet; what it writes (packets, bytes, hex text) is sent back.</summary>
    [Parameter]
    public ScriptBlock? OnPacket { get; set; }

    /// <summary>Mode Tap: name of the host's network interface.</summary>
    [Parameter]
    public string? Tap { get; set; }

    /// <summary>Queue pairs offered, 1 to 128.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public int QueuePairs { get; set; } = 1;

    /// <summary>Polls the rings without ever sleeping: one core is busy then.</summary>
    [Parameter]
    public SwitchParameter Poll { get; set; }

    /// <summary>Core (0-based) that the server's thread is bound to.</summary>
    [Parameter]
    public int? Core { get; set; }

    /// <summary>Mode of the socket file in octal digits, for example '0660'.</summary>
    [Parameter]
    [SocketMode]
    public UnixFileMode? SocketMode { get; set; }

    /// <summary>Replaces a socket file on which nobody listens.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Virtio features to offer besides the usual ones: AccessPlatform.</summary>
    [Parameter]
    public VirtioFeatures[] Feature { get; set; } = [];

    /// <summary>Protocol features to offer besides the usual ones: GpaAddresses, HostNotifier, Pagefault, XenMmap.</summary>
    [Parameter]
    public ProtocolFeatures[] ProtocolFeature { get; set; } = [];

    /// <summary>Protocol features not to offer.</summary>
    [Parameter]
    public ProtocolFeatures[] ExcludeProtocolFeature { get; set; } = [];

    /// <summary>Whose numbers of protocol features the front-end uses.</summary>
    [Parameter]
    public ProtocolDialect Dialect { get; set; }

    /// <summary>Virtio features not to offer.</summary>
    [Parameter]
    public VirtioFeatures[] ExcludeFeature { get; set; } = [];

    /// <summary>The peer's known deviations from the specification.</summary>
    [Parameter]
    public PeerProfile PeerProfile { get; set; }

    /// <summary>Bytes of the device's configuration space; when given, the protocol feature CONFIG is offered.</summary>
    [Parameter]
    public byte[] ConfigSpace { get; set; } = [];

    /// <summary>The guest's MAC address, told in the configuration space.</summary>
    [Parameter]
    public MacAddress? MacAddress { get; set; }

    /// <summary>The largest packet behind an Ethernet header, told in the configuration space: 68 to 65535 bytes.</summary>
    [Parameter]
    public int? Mtu { get; set; }

    /// <summary>Offers a control queue, for front-ends that leave it to the back-end (QEMU and DPDK keep it).</summary>
    [Parameter]
    public SwitchParameter ControlQueue { get; set; }

    /// <summary>Starts one server.</summary>
    protected override void ProcessRecord()
    {
        if (!ShouldProcess($"{Name} at {Path}", "Start server")) return;
        Guard(() =>
        {
            HandleName.Check(Name);
            ServerMode mode = FindMode();
            WriteObject(LiveHandles.Servers.Add(Name, () => OnPacket is null ? VhostServer.Start(Options(mode, null)) : StartScript(mode, OnPacket)));
        }, Name);
    }

    private VhostServer StartScript(ServerMode mode, ScriptBlock block)
    {
        PacketScript script = PacketScript.Open(Name, block, variable => SessionState.PSVariable.GetValue(variable));
        try
        {
            VhostServer server = VhostServer.Start(Options(mode, script.Handle));
            ServerScripts.Attach(server, script);
            server.StateChanged += (_, _) =>
            {
                if (server.State is EndpointState.Stopped or EndpointState.Faulted) script.Dispose();
            };
            return server;
        }
        catch
        {
            script.Dispose();
            throw;
        }
    }

    private ServerMode FindMode()
    {
        bool given = MyInvocation.BoundParameters.ContainsKey(nameof(Mode));
        ServerMode? implied = OnPacket is not null ? ServerMode.Script : Tap is not null ? ServerMode.Tap : null;
        if (OnPacket is not null && Tap is not null || given && implied is not null && implied != Mode)
            throw new VhostException(VhostError.InvalidArgument,
                $"Server '{Name}': -OnPacket is for mode Script and -Tap for mode Tap; the mode is {(given ? Mode : ServerMode.Script)}.", Name, "Leave out what does not belong to the mode.");
        ServerMode mode = given ? Mode : implied ?? ServerMode.Sink;
        if (mode != ServerMode.Source) RefuseForOthers(nameof(Rate), nameof(PacketSize));
        return mode;

        void RefuseForOthers(params ReadOnlySpan<string> parameters)
        {
            foreach (string parameter in parameters)
            {
                if (MyInvocation.BoundParameters.ContainsKey(parameter))
                    throw new VhostException(VhostError.InvalidArgument, $"Server '{Name}': -{parameter} is for mode Source; the mode is {mode}.", Name, "Leave out what does not belong to the mode.");
            }
        }
    }

    private VhostServerOptions Options(ServerMode mode, PacketHandler? handler) => new()
    {
        Name = Name,
        Path = UserPath.ResolveSocket(this, Path),
        Connect = Connect,
        Mode = mode,
        PacketSize = PacketSize,
        Rate = Rate,
        Handler = handler,
        Tap = Tap,
        QueuePairs = QueuePairs,
        Poll = Poll,
        Core = Core,
        SocketMode = SocketMode,
        Force = Force,
        ExcludeFeatures = FeatureSet.Of(ExcludeFeature),
        OfferFeatures = FeatureSet.Of(Feature),
        OfferProtocolFeatures = FeatureSet.Of(ProtocolFeature),
        ExcludeProtocolFeatures = FeatureSet.Of(ExcludeProtocolFeature),
        Dialect = Dialect,
        Profile = PeerProfile,
        ConfigSpace = ConfigSpace,
        MacAddress = MacAddress,
        Mtu = Mtu,
        ControlQueue = ControlQueue,
    };
}
