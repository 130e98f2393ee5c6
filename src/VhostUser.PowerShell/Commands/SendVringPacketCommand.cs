using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Packets;

namespace VhostUser.Commands;

/// <summary>Send-VringPacket: sends packets on a client's transmit ring, or posts a raw descriptor chain on any ring.</summary>
[Cmdlet(VerbsCommunications.Send, "VringPacket", DefaultParameterSetName = PacketSet)]
[OutputType(typeof(VhostPacket), ParameterSetName = [PacketSet, PathSet])]
[OutputType(typeof(VringChainResult), ParameterSetName = [ChainSet])]
public sealed partial class SendVringPacketCommand : VhostCmdlet
{
    private const string PacketSet = "Packet";
    private const string PathSet = "Path";
    private const string ChainSet = "Chain";

    private readonly PacketInput _input = new();
    private readonly Action _sendInput; // made once: a pipeline has hundreds of thousands of records a second
    private VhostClient? _client;
    private SendPace? _pace;
    private Action<long>? _progress;
    private long _sent;

    /// <summary>Makes the cmdlet; the engine calls it.</summary>
    public SendVringPacketCommand() => _sendInput = SendInput;

    /// <summary>The client that sends.</summary>
    [Parameter(ParameterSetName = PacketSet, Mandatory = true, Position = 0)]
    [Parameter(ParameterSetName = PathSet, Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Parameter(ParameterSetName = ChainSet, Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    public ClientArgument? Client { get; set; }

    /// <summary>Packets, byte[], hex text or files.</summary>
    [Parameter(ParameterSetName = PacketSet, Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [AllowEmptyCollection]
    [AllowEmptyString]
    [AllowNull]
    public object? InputObject { get; set; }

    /// <summary>Captures (pcapng, pcap), and files with one packet each, raw or as hex text; wildcards are allowed.</summary>
    [Parameter(ParameterSetName = PathSet, Mandatory = true)]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>The buffers that the device reads: byte[] or hex text, one per descriptor.</summary>
    [Parameter(ParameterSetName = ChainSet)]
    public object? Readable { get; set; }

    /// <summary>The lengths in bytes of buffers that the device writes, one per descriptor.</summary>
    [Parameter(ParameterSetName = ChainSet)]
    public int[] Writable { get; set; } = [];

    /// <summary>Ring index; 1, the first transmit ring, when not given.</summary>
    [Parameter]
    [ValidateRange(0, 255)]
    [ArgumentCompleter(typeof(QueueCompleter))]
    public int Queue { get; set; } = 1;

    /// <summary>How often each packet or chain is sent.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long Count { get; set; } = 1;

    /// <summary>Packets per second over the whole pipeline; 0 for as many as the ring takes.</summary>
    [Parameter]
    [ValidateRange(0, double.MaxValue)]
    public double Rate { get; set; }

    /// <summary>How long to wait for room in a full ring, and for a raw chain's answer: seconds or a TimeSpan; 5 seconds when not given.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Leaves the checksum of TCP and UDP packets to the back-end (needs the feature Csum).</summary>
    [Parameter(ParameterSetName = PacketSet)]
    [Parameter(ParameterSetName = PathSet)]
    public SwitchParameter NeedsChecksum { get; set; }

    /// <summary>Leaves the cutting of TCP and UDP packets to the back-end: payload bytes of each piece (needs HostTso4, HostTso6, HostUso or HostUfo).</summary>
    [Parameter(ParameterSetName = PacketSet)]
    [Parameter(ParameterSetName = PathSet)]
    [ValidateRange(1, 65535)]
    public int SegmentSize { get; set; }

    /// <summary>Writes the packets that were sent.</summary>
    [Parameter(ParameterSetName = PacketSet)]
    [Parameter(ParameterSetName = PathSet)]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        _pace = new SendPace(Rate);
        // A single packet has no progress to show, and a pipeline of them shows its own.
        if (Count > 1) _progress = WriteProgress;
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        switch (ParameterSetName)
        {
            case ChainSet: Guard(Post, Client); break;
            case PathSet: SendFiles(); break;
            default: Guard(_sendInput, InputObject); break;
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_input.HasGathered) Guard(() => SendAll([_input.TakeGathered()]), Client);
        if (_sent > 0 && _client is not null) WriteVerbose($"Sent {_sent} packets on ring {Queue} of client '{_client.Name}'.");
    }

    private void SendFiles()
    {
        if (!Guard(() => _client = Client!.Resolve(), Client)) return;
        foreach (string path in Path)
        {
            if (WildcardPattern.ContainsWildcardCharacters(path)) SendMatching(path);
            else Guard(() => SendFile(GetUnresolvedProviderPathFromPSPath(path)), path);
        }
    }

    private void SendMatching(string pattern)
    {
        foreach (string path in GetResolvedProviderPathFromPSPath(pattern, out _))
            Guard(() => SendFile(path), path);
    }

    private void SendFile(string path)
    {
        if (PacketFile.IsCapture(path)) Replay(path);
        else SendAll([PacketFile.Read(path)]);
    }

    private void SendInput()
    {
        _client ??= Client!.Resolve();
        if (!_input.HasGathered && ByteInput.Unwrap(InputObject) is VhostPacket packet) SendOne(packet);
        else SendAll(_input.Read(InputObject));
    }

    private void SendAll(IEnumerable<VhostPacket> packets)
    {
        foreach (VhostPacket packet in packets) SendOne(packet);
    }

    private VhostPacket Prepare(VhostPacket packet) =>
        SegmentSize > 0 ? packet.LeaveSegments(SegmentSize) : NeedsChecksum ? packet.LeaveChecksum() : packet;

    private void SendOne(VhostPacket packet)
    {
        packet = Prepare(packet);
        try
        {
            _client!.Send(packet, Queue, Count, _pace!, Timeout, Cancel, _progress);
        }
        catch (VhostException error) when (error.Error is VhostError.RingFull or VhostError.RingIndexInvalid)
        {
            // The next packet would meet the same obstacle; in a full ring it would wait for it as long.
            ThrowTerminatingError(ErrorRecords.Create(error, packet));
        }
        _sent += Count;
        if (PassThru) WriteObject(packet);
    }

    private void Post()
    {
        VhostClient client = Client!.Resolve();
        IReadOnlyList<ReadOnlyMemory<byte>> readable = ChainInput.Read(Readable);
        for (long i = 0; i < Count; i++)
        {
            _pace!.Wait(1, Cancel);
            WriteObject(client.Post(Queue, readable, Writable, Timeout, Cancel));
            _pace.Add(1);
        }
    }

    private void WriteProgress(long sent) => WriteProgress(new ProgressRecord(1, $"Sending on ring {Queue} of client '{_client!.Name}'", $"{sent:n0} of {Count:n0} packets")
    {
        PercentComplete = (int)(100 * sent / Count),
    });
}
