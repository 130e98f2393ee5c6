using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Handles;
using VhostUser.Transport;

namespace VhostUser.Commands;

/// <summary>Joins a server or a bridge of this host to one of another host.</summary>
[Cmdlet(VerbsCommon.New, "IbTransport", SupportsShouldProcess = true, DefaultParameterSetName = ServerConnectSet)]
[OutputType(typeof(IbTransport))]
public sealed class NewIbTransportCommand : VhostCmdlet
{
    private const string ServerListenSet = "ServerListen";
    private const string ServerConnectSet = "ServerConnect";
    private const string BridgeListenSet = "BridgeListen";
    private const string BridgeConnectSet = "BridgeConnect";

    /// <summary>Name of the link, unique in this process.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    public string Name { get; set; } = "";

    /// <summary>The server whose queue pairs are joined to those of the other end.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ServerListenSet)]
    [Parameter(Mandatory = true, ParameterSetName = ServerConnectSet)]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    public ServerArgument? Server { get; set; }

    /// <summary>The bridge of which the link becomes a port.</summary>
    [Parameter(Mandatory = true, ParameterSetName = BridgeListenSet)]
    [Parameter(Mandatory = true, ParameterSetName = BridgeConnectSet)]
    [ArgumentCompleter(typeof(BridgeNameCompleter))]
    public BridgeArgument? Bridge { get; set; }

    /// <summary>Address of this host on which to wait for the other end.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ServerListenSet, ValueFromPipelineByPropertyName = true)]
    [Parameter(Mandatory = true, ParameterSetName = BridgeListenSet, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Listen { get; set; }

    /// <summary>Name or address of the host that listens.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ServerConnectSet, ValueFromPipelineByPropertyName = true)]
    [Parameter(Mandatory = true, ParameterSetName = BridgeConnectSet, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Connect { get; set; }

    /// <summary>TCP port of the control channel; the fabric has one of its own besides.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(0, 65535)]
    public int Port { get; set; } = IbTransportOptions.DefaultPort;

    /// <summary>What both ends have to prove: a key of New-IbKey, or a certificate with its private key.</summary>
    [Parameter]
    public CredentialArgument? Credential { get; set; }

    /// <summary>SHA-256 of the other end's certificate; both ends have the same certificate when it is not given.</summary>
    [Parameter]
    public string? PeerFingerprint { get; set; }

    /// <summary>The fabric.</summary>
    [Parameter]
    public LinkProvider Provider { get; set; }

    /// <summary>How packets cross.</summary>
    [Parameter]
    public LinkMode Mode { get; set; }

    /// <summary>Encrypts every frame with AES-256-GCM; needs a credential.</summary>
    [Parameter]
    public SwitchParameter Encrypt { get; set; }

    /// <summary>Goes without a credential to other addresses than loopback.</summary>
    [Parameter]
    public SwitchParameter AllowInsecure { get; set; }

    /// <summary>How long packets wait for a link that is down or a guest without buffers before they are dropped.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan DropAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Makes one link.</summary>
    protected override void ProcessRecord()
    {
        if (!ShouldProcess(Name, $"Make link from {(Server is null ? $"bridge {Bridge?.Name}" : $"server {Server.Name}")} {(Listen is null ? $"to {Connect}" : $"listening on {Listen}")}")) return;
        Guard(() =>
        {
            HandleName.Check(Name);
            WriteObject(LiveHandles.Transports.Add(Name, Make));
        }, Name);
    }

    private IbTransport Make()
    {
        var options = new IbTransportOptions
        {
            Name = Name,
            Listen = Listen,
            Connect = Connect,
            Port = Port,
            Credential = Credential?.Make(PeerFingerprint),
            Provider = Provider,
            Mode = Mode,
            Encrypt = Encrypt,
            AllowInsecure = AllowInsecure,
            DropAfter = DropAfter,
        };
        return Server is not null ? IbTransport.Create(options, Server.Resolve()) : IbTransport.Create(options, Bridge!.Resolve());
    }
}
