using VhostUser.Devices.Net;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Rings.Vapp;

namespace VhostUser.Endpoints;

/// <summary>
/// One session of a back-end: answers the front-end's messages and keeps memory and rings as they say. Messages and packets are
/// handled by the same thread, so a ring that GET_VRING_BASE stopped has no packet left in work (vhost-user, "Ring states").
/// </summary>
internal sealed partial class BackEnd : IDisposable
{
    private readonly Connection _connection;
    private readonly BackEndOptions _options;
    private readonly Action<Vring> _watchKick;
    private readonly Action<Vring> _unwatchKick;
    private readonly Vring[] _rings;
    private readonly NetQueuePair[] _pairs;
    private MemoryTable _memory = new();
    private bool _featuresSet;
    private bool _statusUsed;

    /// <param name="connection">The socket, owned by this session from now on.</param>
    /// <param name="options">What is offered.</param>
    /// <param name="device">What is done with packets; owned by the server.</param>
    /// <param name="watchKick">Called when a ring's kick descriptor is to be watched.</param>
    /// <param name="unwatchKick">Called before it is closed.</param>
    public BackEnd(Connection connection, BackEndOptions options, NetDevice device, Action<Vring> watchKick, Action<Vring> unwatchKick)
    {
        _connection = connection;
        _options = options;
        Device = device;
        _watchKick = watchKick;
        _unwatchKick = unwatchKick;
        _rings = [.. Enumerable.Range(0, options.RingCount).Select(i => new Vring(i) { IsReversed = options.Profile == PeerProfile.Vapp && i == VappLayout.ReversedRing })];
        _pairs = [.. Enumerable.Range(0, options.QueuePairs).Select(i => new NetQueuePair(i, _rings[2 * i], _rings[2 * i + 1]) { Capture = options.Capture })];
    }

    /// <summary>What is done with packets; another one when the server joins or leaves a bridge.</summary>
    public NetDevice Device { get; set; }

    public VirtioFeatures Features { get; private set; }

    public ProtocolFeatures ProtocolFeatures { get; private set; }

    public DeviceStatus Status { get; private set; }

    public MemoryTable Memory => _memory;

    public IReadOnlyList<Vring> Rings => _rings;

    public ReadOnlySpan<NetQueuePair> Pairs => _pairs;

    /// <summary>Queue pairs of which a ring runs; the packet path goes over these only.</summary>
    public NetQueuePair[] ActivePairs { get; private set; } = [];

    /// <summary>Whether a ring runs whose front-end said that it won't kick (SET_VRING_KICK with bit 8).</summary>
    public bool MustPoll { get; private set; }

    /// <summary>The last request that was answered with a failure, while the session went on.</summary>
    public VhostException? LastRefusal { get; private set; }

    public Connection Connection => _connection;

    /// <summary>Whether the front-end acknowledged bit 30; otherwise rings are enabled by SET_FEATURES.</summary>
    private bool UsesProtocolFeatures => (Features & VirtioFeatures.ProtocolFeatures) != 0;

    /// <summary>Handles every message that has arrived.</summary>
    /// <exception cref="VhostException">The session can't go on.</exception>
    public void HandleMessages()
    {
        while (!HoldsReply && _connection.TryReceive()) Handle(_connection.Current);
    }

    /// <summary>Set when the peer took memory away under the session, which can't go on then.</summary>
    public VhostException? LostMemory => !_memory.IsLost && _log is not { IsLost: true } && _inflight is not { IsLost: true } ? null
        : new VhostException(VhostError.MemoryTruncated, "The peer truncated a memory region that is in use.", "memory table",
            "Look for the program that shrank or removed the file; a sealed memfd prevents it.");

    public void Dispose()
    {
        foreach (Vring ring in _rings)
        {
            StopRing(ring);
            ring.Dispose();
        }
        UpdatePairs();
        _transferEnd.Cancel();
        DisposeLog();
        _inflight?.Dispose();
        CloseChannel();
        EndPostcopy();
        _memory.Dispose();
        _connection.Dispose();
    }

    private void Handle(Message message)
    {
        try
        {
            if (_whenTableAcknowledged is not null)
            {
                TakeTableAcknowledgement(message);
                return;
            }
            MessageRule rule = CheckAgainstTable(message);
            Dispatch(message);
            if (_whenTableAcknowledged is null && rule.Reply == ReplyRule.Ack) Acknowledge(message, 0);
        }
        catch (VhostException error) when (CanRefuse(message))
        {
            // REPLY_ACK: "non-zero" tells the front-end that it failed, and the session goes on.
            LastRefusal = error;
            Acknowledge(message, 1);
        }
        finally
        {
            message.CloseFds();
        }
    }

    private bool CanRefuse(Message message) =>
        message.Header.NeedsReply && (ProtocolFeatures & ProtocolFeatures.ReplyAck) != 0
        && (message.Header.Request == FrontEndRequest.SetLogBase // its reply has no defined content, so it may as well be a result
        || !(MessageTable.TryGet(message.Header.Request, out MessageRule rule) && rule.Reply == ReplyRule.Always && Supports(message.Header.Request)));

    private void Acknowledge(Message message, ulong result)
    {
        if (!message.Header.NeedsReply || (ProtocolFeatures & ProtocolFeatures.ReplyAck) == 0) return;
        Reply(message, result);
    }

    private unsafe void Reply<T>(Message message, T payload) where T : unmanaged =>
        _connection.Send(MessageHeader.ForReply(message.Header.Request, sizeof(T)), new ReadOnlySpan<byte>(&payload, sizeof(T)));

    private MessageRule CheckAgainstTable(Message message)
    {
        if (_options.Dialect.Describe((uint)message.Header.Request) is string known)
            throw new VhostException(VhostError.RequestNotSupported, $"{known} is not supported by this back-end.", known, "SET_DEVICE_STATE_FD saves and loads a device's state; GET_VRING_BASE stops its rings.");
        if (!MessageTable.TryGet(message.Header.Request, out MessageRule rule))
            throw new VhostException(VhostError.RequestUnknown, $"Request {(uint)message.Header.Request} is not in the vhost-user specification (1 to {MessageTable.Rules.Length}).",
                message.Name, "The peer uses a private extension, or it lost its place in the stream.");
        if (rule.Gate != 0 && (ProtocolFeatures & rule.Gate) == 0)
            throw new VhostException(VhostError.RequestNotNegotiated, $"{rule.Name} needs protocol feature {rule.Gate}, which was not acknowledged.", rule.Name,
                "The front-end must negotiate it with SET_PROTOCOL_FEATURES first.");
        if (!Supports(message.Header.Request))
            throw new VhostException(VhostError.RequestNotSupported, $"{rule.Name} is not supported by this back-end.", rule.Name, "Leave out the feature at the front-end that needs it.");
        CheckFds(message, rule, RowSize);
        return rule;
    }

    private static void CheckFds(Message message, in MessageRule rule, int rowSize)
    {
        (int least, int most) = rule.Fds switch
        {
            FdRule.One => (1, 1),
            FdRule.Optional => (0, 1),
            FdRule.OneUnlessNoFd => (message.ReadUInt64() & VringFdPayload.NoFdFlag) != 0 ? (0, 0) : (1, 1),
            FdRule.PerRegion => (RegionCount(message, rowSize), RegionCount(message, rowSize)),
            _ => (0, 0),
        };
        if (message.FdCount < least || message.FdCount > most)
            throw new VhostException(VhostError.MessageFdCountInvalid,
                $"{rule.Name} came with {message.FdCount} file descriptor(s); expected {(least == most ? $"{least}" : $"{least} to {most}")}.", rule.Name,
                "Descriptors travel with the header of the message they belong to; KICK, CALL and ERR say with bit 8 that there is none.");
    }

    private void Dispatch(Message message)
    {
        switch (message.Header.Request)
        {
            case FrontEndRequest.GetFeatures: Reply(message, (ulong)_options.Features); break;
            case FrontEndRequest.SetFeatures: SetFeatures((VirtioFeatures)message.ReadUInt64()); break;
            case FrontEndRequest.SetOwner: break; // one session, one owner: the connection says who
            case FrontEndRequest.ResetOwner: DisableAllRings(); break;
            case FrontEndRequest.SetMemTable: SetMemTable(message); break;
            case FrontEndRequest.SetLogBase: SetLogBase(message); break;
            case FrontEndRequest.SetLogFd: SetLogFd(message); break;
            case FrontEndRequest.SetVringNum: SetVringNum(message.Read<VringStatePayload>()); break;
            case FrontEndRequest.SetVringAddr: SetVringAddr(message.Read<VringAddressPayload>()); break;
            case FrontEndRequest.SetVringBase: SetVringBase(message.Read<VringStatePayload>()); break;
            case FrontEndRequest.GetVringBase: GetVringBase(message); break;
            case FrontEndRequest.SetVringKick: SetVringKick(message); break;
            case FrontEndRequest.SetVringCall: SetVringCall(message); break;
            case FrontEndRequest.SetVringErr: RingOf(message).SetErr(TakeEventFd(message)); break;
            case FrontEndRequest.GetProtocolFeatures: Reply(message, _options.Dialect.ToWire(_options.ProtocolFeatures)); break;
            case FrontEndRequest.SetProtocolFeatures: SetProtocolFeatures(_options.Dialect.FromWire(message.ReadUInt64())); break;
            case FrontEndRequest.GetQueueNum: Reply(message, (ulong)_options.QueuePairs); break;
            case FrontEndRequest.SetVringEnable: SetVringEnable(message.Read<VringStatePayload>()); break;
            case FrontEndRequest.SendRarp: SendRarp(message); break;
            case FrontEndRequest.NetSetMtu: NetSetMtu(message); break;
            case FrontEndRequest.GetVringBaseSkipDrain: GetVringBase(message); break; // no request outlives a burst: nothing is left to drain
            case FrontEndRequest.SetBackendReqFd: SetBackendReqFd(message); break;
            case FrontEndRequest.IotlbMsg: HandleIotlb(message.Read<IotlbPayload>()); break;
            case FrontEndRequest.VringKick: KickByMessage(message.Read<VringStatePayload>()); break;
            case FrontEndRequest.GetSharedObject: GetSharedObject(message); break;
            case FrontEndRequest.GetShmemConfig: GetShmemConfig(); break;
            case FrontEndRequest.PostcopyAdvise: PostcopyAdvise(); break;
            case FrontEndRequest.PostcopyListen: PostcopyListen(); break;
            case FrontEndRequest.PostcopyEnd: PostcopyEnd(message); break;
            case FrontEndRequest.GetConfig: GetConfig(message); break;
            case FrontEndRequest.SetConfig: SetConfig(message); break;
            case FrontEndRequest.SetDeviceStateFd: SetDeviceStateFd(message); break;
            case FrontEndRequest.CheckDeviceState: CheckDeviceState(); break;
            case FrontEndRequest.GetInflightFd: GetInflightFd(message); break;
            case FrontEndRequest.SetInflightFd: SetInflightFd(message); break;
            case FrontEndRequest.ResetDevice: ResetDevice(); break;
            case FrontEndRequest.GetMaxMemSlots: Reply(message, (ulong)BackEndOptions.MaxMemorySlots); break;
            case FrontEndRequest.AddMemReg: AddMemReg(message); break;
            case FrontEndRequest.RemMemReg: RemMemReg(message); break;
            case FrontEndRequest.SetStatus: SetStatus((DeviceStatus)message.ReadUInt64()); break;
            case FrontEndRequest.GetStatus: Reply(message, (ulong)Status); break;
        }
    }

    /// <summary>Whether this back-end has a handler for a request; the rest is answered as the specification says for an unsupported one.</summary>
    public static bool Supports(FrontEndRequest request) => request is
        (>= FrontEndRequest.GetFeatures and <= FrontEndRequest.SetMemTable)
        or FrontEndRequest.SetLogBase or FrontEndRequest.SetLogFd
        or FrontEndRequest.SetDeviceStateFd or FrontEndRequest.CheckDeviceState
        or FrontEndRequest.SendRarp or FrontEndRequest.NetSetMtu or FrontEndRequest.GetVringBaseSkipDrain
        or FrontEndRequest.GetInflightFd or FrontEndRequest.SetInflightFd
        or (>= FrontEndRequest.SetVringNum and <= FrontEndRequest.SetVringEnable)
        or FrontEndRequest.SetBackendReqFd or FrontEndRequest.IotlbMsg or FrontEndRequest.VringKick
        or (>= FrontEndRequest.PostcopyAdvise and <= FrontEndRequest.PostcopyEnd)
        or FrontEndRequest.GetSharedObject or FrontEndRequest.GetShmemConfig
        or FrontEndRequest.GetConfig or FrontEndRequest.SetConfig or FrontEndRequest.ResetDevice
        or (>= FrontEndRequest.GetMaxMemSlots and <= FrontEndRequest.GetStatus);
}
