using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Protocol;

namespace VhostUser.Commands;

/// <summary>Sends any one request by hand, well-formed or not, and shows what comes back.</summary>
[Cmdlet(VerbsCommunications.Send, "VhostRequest", DefaultParameterSetName = ClientSet)]
[OutputType(typeof(VhostRequestResult))]
public sealed class SendVhostRequestCommand : VhostCmdlet
{
    private const string ClientSet = "Client";
    private const string ServerSet = "Server";
    private const string PathSet = "Path";

    /// <summary>A connected client: the request goes to its back-end.</summary>
    [Parameter(ParameterSetName = ClientSet, Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    public ClientArgument? Client { get; set; }

    /// <summary>A server: the request is one of the back-end's own and goes to its front-end.</summary>
    [Parameter(ParameterSetName = ServerSet, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    public ServerArgument? Server { get; set; }

    /// <summary>Path of a socket: connects, sends this request as the only one, and disconnects. Not from the pipeline: clients have a Path, too.</summary>
    [Parameter(ParameterSetName = PathSet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>Name or number of the request.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ArgumentCompleter(typeof(RequestCompleter))]
    public string Request { get; set; } = "";

    /// <summary>The payload as a u64.</summary>
    [Parameter]
    public ulong? Value { get; set; }

    /// <summary>The payload as ring index and -Number.</summary>
    [Parameter]
    public uint? Queue { get; set; }

    /// <summary>The second half of a payload of ring index and number.</summary>
    [Parameter]
    public uint? Number { get; set; }

    /// <summary>The payload as bytes or as hex text.</summary>
    [Parameter]
    [ByteArrayTransformation(AllowHex = true)]
    public byte[]? Payload { get; set; }

    /// <summary>Regions whose descriptors go along.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RegionNameCompleter))]
    public RegionArgument[] Region { get; set; } = [];

    /// <summary>Files that are opened, and whose descriptors go along.</summary>
    [Parameter]
    public string[] File { get; set; } = [];

    /// <summary>Asks for an acknowledgement (NEED_REPLY).</summary>
    [Parameter]
    public SwitchParameter NeedReply { get; set; }

    /// <summary>How long to wait for the reply, in seconds or as a TimeSpan.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Sends one request.</summary>
    protected override void ProcessRecord() => Guard(() =>
    {
        var request = new VhostRequest
        {
            Request = Request,
            Payload = Payload is null ? null : (ReadOnlyMemory<byte>?)Payload,
            Value = Value,
            Queue = Queue,
            Number = Number,
            Regions = [.. Region.SelectMany(region => region.ResolveAll())],
            Files = [.. File.Select(file => UserPath.Resolve(this, file))],
            NeedReply = NeedReply,
            Timeout = Timeout,
        };
        WriteObject(Client is not null ? request.SendTo(Client.Resolve(), Cancel)
            : Server is not null ? request.SendTo(Server.Resolve(), Cancel)
            : request.SendTo(UserPath.ResolveSocket(this, Path), Cancel));
    }, Request);
}
