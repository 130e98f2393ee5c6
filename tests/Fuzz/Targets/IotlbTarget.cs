using VhostUser.Devices.Net;
using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Fuzz.Targets;

/// <summary>
/// A session behind an IOMMU: the front-end tells and takes back where addresses lie, right and wrong, while rings with any content are
/// worked. What is checked is that nothing but memory of the table is touched: a wrong address ends the process.
/// </summary>
internal sealed unsafe class IotlbTarget : FuzzTarget
{
    private const int MaxSteps = 20;
    private const ProtocolFeatures Protocol = BackEndOptions.DefaultProtocolFeatures & ~ProtocolFeatures.InbandNotifications;
    private const VirtioFeatures Features = BackEndOptions.DefaultFeatures & ~VirtioFeatures.RingPacked & ~VirtioFeatures.LogAll | VirtioFeatures.AccessPlatform;

    private static readonly BackEndOptions s_options = new() { Features = Features | VirtioFeatures.RingPacked, ProtocolFeatures = Protocol };

    private readonly MessageMaker _maker = new();
    private readonly EchoDevice _device = new();
    private readonly Action<Vring> _ignore = _ => { };
    private readonly byte* _memory;
    private VhostException? _refusal;

    public IotlbTarget() => _memory = Libc.Map(MessageMaker.MemorySize, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, _maker.Memory.Number, 0);

    public override string Name => "iotlb";

    public override int InputBytes => 320;

    public override int Run(ref FuzzInput input)
    {
        (FileDescriptor ours, FileDescriptor theirs) = Libc.UnixSocketPair();
        (FileDescriptor channelEnd, FileDescriptor channel) = Libc.UnixSocketPair();
        using var peer = new FuzzSocket(theirs);
        using var asked = new FuzzSocket(channelEnd);
        using var session = new BackEnd(new Connection(ours, isFrontEnd: false), s_options, _device, _ignore, _ignore);
        FillRings(ref input);
        int sent = 0;
        try
        {
            using (channel) SetUp(peer, session, channel);
            for (; sent < MaxSteps && (sent == 0 || !input.IsEmpty); sent++)
            {
                _maker.Make(FrontEndRequest.IotlbMsg, Message(ref input), needReply: true);
                if (input.OneIn(4)) _maker.Spoil(ref input);
                Exchange(peer, session);
                asked.Drain();
                session.Channel?.Handle();
            }
        }
        catch (VhostException error) when (error.Error != VhostError.NativeCallFailed)
        {
            Blame(error);
        }
        return Math.Max(sent, 1);
    }

    public override void Dispose()
    {
        Libc.Unmap(_memory, MessageMaker.MemorySize);
        _device.Dispose();
        _maker.Dispose();
    }

    private void SetUp(FuzzSocket peer, BackEnd session, FileDescriptor channel)
    {
        Step(FrontEndRequest.SetOwner, 0, 0);
        Step(FrontEndRequest.SetProtocolFeatures, 0, (ulong)Protocol);
        Step(FrontEndRequest.SetFeatures, 0, (ulong)Features);
        Step(FrontEndRequest.SetMemTable, 0, 0);
        _maker.Make(FrontEndRequest.SetBackendReqFd, 0, 0, needReply: true);
        peer.Send(_maker.Message, [channel.Number]);
        session.HandleMessages();
        foreach (FrontEndRequest request in new[] { FrontEndRequest.SetVringNum, FrontEndRequest.SetVringBase, FrontEndRequest.SetVringAddr, FrontEndRequest.SetVringCall, FrontEndRequest.SetVringKick, FrontEndRequest.SetVringEnable })
            for (int ring = 0; ring < 2; ring++) Step(request, ring, request switch { FrontEndRequest.SetVringNum => 64u, FrontEndRequest.SetVringEnable => 1u, _ => 0u });

        void Step(FrontEndRequest request, int ring, ulong value)
        {
            _maker.Make(request, ring, value, needReply: true);
            Exchange(peer, session);
        }
    }

    private static IotlbPayload Message(ref FuzzInput input)
    {
        // Rings lie at their user addresses and buffers at guest-physical ones, as IOVAs; most updates tell the truth about a page or all.
        ulong offset = input.OneIn(2) ? 0 : 4096ul * (ulong)input.Below(MessageMaker.MemorySize / 4096);
        ulong size = input.Below(4) switch { 0 => MessageMaker.MemorySize - offset, 1 => 4096, 2 => 1 + (ulong)input.Below(5000), _ => input.NearLimit() };
        ulong iova = (input.OneIn(2) ? MessageMaker.User : MessageMaker.Guest) + offset;
        return new IotlbPayload
        {
            Iova = input.OneIn(8) ? input.NearLimit() : iova,
            Size = size,
            UserAddress = input.OneIn(8) ? MessageMaker.User + (ulong)input.Below(MessageMaker.MemorySize) : MessageMaker.User + offset,
            Permission = input.OneIn(6) ? (IotlbPermission)input.Below(6) : IotlbPermission.ReadWrite,
            Type = input.OneIn(4) ? (IotlbType)input.Below(6) : input.OneIn(4) ? IotlbType.Invalidate : IotlbType.Update,
        };
    }

    private void Exchange(FuzzSocket peer, BackEnd session)
    {
        peer.Send(_maker.Message, _maker.Fds);
        session.HandleMessages();
        Good();
        if (session.LastRefusal is VhostException refusal && refusal != _refusal) Blame(_refusal = refusal);
        peer.Drain();
        foreach (NetQueuePair pair in session.ActivePairs) _device.Process(pair);
    }

    private void FillRings(ref FuzzInput input)
    {
        new Span<byte>(_memory, MessageMaker.MemorySize).Clear();
        for (int ring = 0; ring < 2; ring++)
        {
            byte* area = _memory + ring * MessageMaker.RingBytes;
            for (int i = 0; i < 8; i++)
            {
                ulong* descriptor = (ulong*)(area + 16 * i);
                descriptor[0] = input.OneIn(8) ? input.NearLimit() : MessageMaker.Guest + (ulong)(4 * MessageMaker.RingBytes + input.Below(65536));
                descriptor[1] = FuzzMemory.Length(ref input) | (ulong)(ring == 0 ? DescriptorFlags.Write : input.OneIn(8) ? DescriptorFlags.Indirect : 0) << 32;
                ((ushort*)(area + 1024))[2 + i] = (ushort)i;
            }
            ((ushort*)(area + 1024))[1] = (ushort)input.Below(9);
        }
    }
}
