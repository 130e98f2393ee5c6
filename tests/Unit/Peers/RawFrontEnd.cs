using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Tests.Peers;

/// <summary>
/// A front-end that does what a test says and nothing else: any bytes with any descriptors, or the correct handshake step by
/// step, with rings that a test fills by hand.
/// </summary>
internal sealed class RawFrontEnd : IDisposable
{
    public const ProtocolFeatures AllProtocolFeatures =
        ProtocolFeatures.Mq | ProtocolFeatures.ReplyAck | ProtocolFeatures.ConfigureMemSlots | ProtocolFeatures.ResetDevice;

    private readonly FileDescriptor[] _kicks = [.. Enumerable.Range(0, 16).Select(_ => Libc.EventFd())];
    private readonly FileDescriptor[] _calls = [.. Enumerable.Range(0, 16).Select(_ => Libc.EventFd())];

    private RawFrontEnd(RawSocket socket, GuestMemory? memory)
    {
        Socket = socket;
        Memory = memory ?? new GuestMemory();
        Rings = [.. Enumerable.Range(0, 16).Select(i => Memory.Ring(i))];
    }

    public RawSocket Socket { get; }

    /// <summary>Owned by this front-end.</summary>
    public GuestMemory Memory { get; }

    /// <summary>Rings 0 to 15, 256 descriptors each.</summary>
    public GuestRing[] Rings { get; }

    public VirtioFeatures Features { get; private set; }

    /// <summary>Set by <see cref="SetProtocolFeatures"/>: whether the convenience methods ask for acknowledgements.</summary>
    public bool ReplyAck { get; set; }

    /// <summary>Bytes of the virtio-net header that the features demand.</summary>
    public int HeaderLength => NetHeader.LengthFor(Features);

    public int Kick(int ring) => _kicks[ring].Number;

    public int Call(int ring) => _calls[ring].Number;

    public static RawFrontEnd Connect(string path, GuestMemory? memory = null) => new(RawSocket.Connect(path), memory);

    /// <summary>Sends a request, with NEED_REPLY when asked; false when the peer has closed.</summary>
    public bool Send(FrontEndRequest request, ReadOnlySpan<byte> payload = default, ReadOnlySpan<int> fds = default, uint flags = RawMessage.Version) =>
        Socket.Send(RawMessage.Bytes(request, payload, flags), fds);

    /// <summary>Sends a request with NEED_REPLY and returns its acknowledgement, or null when the peer closed.</summary>
    public ulong? Ask(FrontEndRequest request, ReadOnlySpan<byte> payload = default, params ReadOnlySpan<int> fds)
    {
        if (!Send(request, payload, fds, RawMessage.NeedReply)) return null;
        using RawMessage? reply = Socket.Receive();
        return reply?.UInt64;
    }

    /// <summary>Sends a request and reads the reply that it always has.</summary>
    /// <exception cref="IOException">The peer closed.</exception>
    public RawMessage Get(FrontEndRequest request, ReadOnlySpan<byte> payload = default)
    {
        Send(request, payload);
        return Socket.Receive() ?? throw new IOException($"The back-end closed at {request}.");
    }

    public ulong GetUInt64(FrontEndRequest request)
    {
        using RawMessage reply = Get(request);
        return reply.UInt64;
    }

    public void SetOwner() => Demand(FrontEndRequest.SetOwner, []);

    public VirtioFeatures GetFeatures() => (VirtioFeatures)GetUInt64(FrontEndRequest.GetFeatures);

    /// <summary>What the back-end offers but RING_PACKED: <see cref="Rings"/> are split ones.</summary>
    public VirtioFeatures GetSplitFeatures() => GetFeatures() & ~VirtioFeatures.RingPacked;

    public void SetFeatures(VirtioFeatures features)
    {
        Demand(FrontEndRequest.SetFeatures, RawMessage.Of((ulong)features));
        Features = features;
    }

    public ProtocolFeatures GetProtocolFeatures() => (ProtocolFeatures)GetUInt64(FrontEndRequest.GetProtocolFeatures);

    public void SetProtocolFeatures(ProtocolFeatures features)
    {
        Demand(FrontEndRequest.SetProtocolFeatures, RawMessage.Of((ulong)features));
        ReplyAck = (features & ProtocolFeatures.ReplyAck) != 0;
    }

    /// <summary>One region: all of <see cref="Memory"/>.</summary>
    public void SetMemTable() => Demand(FrontEndRequest.SetMemTable, RawMessage.MemoryTable([Memory.Row]), Memory.File.Number);

    public void SetVringNum(int ring) => Demand(FrontEndRequest.SetVringNum, RawMessage.State((uint)ring, (uint)Rings[ring].Size));

    public void SetVringBase(int ring, uint index = 0) => Demand(FrontEndRequest.SetVringBase, RawMessage.State((uint)ring, index));

    public void SetVringAddr(int ring) => Demand(FrontEndRequest.SetVringAddr, RawMessage.Of(Rings[ring].Addresses));

    public void SetVringKick(int ring) => Demand(FrontEndRequest.SetVringKick, RawMessage.Of((ulong)ring), Kick(ring));

    public void SetVringCall(int ring) => Demand(FrontEndRequest.SetVringCall, RawMessage.Of((ulong)ring), Call(ring));

    public void SetVringEnable(int ring, bool on = true) => Demand(FrontEndRequest.SetVringEnable, RawMessage.State((uint)ring, on ? 1u : 0));

    /// <summary>Stops a ring and returns its base.</summary>
    public uint GetVringBase(int ring)
    {
        using RawMessage reply = Get(FrontEndRequest.GetVringBase, RawMessage.State((uint)ring, 0));
        return reply.Read<VringStatePayload>().Number;
    }

    /// <summary>Owner, features and protocol features, as far as the back-end offers them.</summary>
    public void Negotiate(ProtocolFeatures protocol = AllProtocolFeatures, VirtioFeatures exclude = 0)
    {
        SetOwner();
        VirtioFeatures features = GetSplitFeatures() & ~exclude;
        if ((features & VirtioFeatures.ProtocolFeatures) != 0) SetProtocolFeatures(GetProtocolFeatures() & protocol);
        SetFeatures(features);
    }

    /// <summary>Everything about one ring but its ENABLE.</summary>
    public void SetUpRing(int ring, uint index = 0)
    {
        SetVringNum(ring);
        SetVringBase(ring, index);
        SetVringAddr(ring);
        SetVringCall(ring);
        SetVringKick(ring);
    }

    /// <summary>The whole handshake for one queue pair; both rings run and are enabled after it.</summary>
    public void Start(ProtocolFeatures protocol = AllProtocolFeatures, VirtioFeatures exclude = 0)
    {
        Negotiate(protocol, exclude);
        SetMemTable();
        for (int ring = 0; ring < 2; ring++) SetUpRing(ring);
        if ((Features & VirtioFeatures.ProtocolFeatures) == 0) return;
        for (int ring = 0; ring < 2; ring++) SetVringEnable(ring);
    }

    /// <summary>Tells the back-end that a ring has new buffers.</summary>
    public void Signal(int ring) => EventFd.Signal(Kick(ring));

    /// <summary>Sends a frame on ring 1 and waits for it on ring 0; true when an echo server returned it unchanged in time.</summary>
    public bool PassPacket(int length = 100, TimeSpan? timeout = null)
    {
        GuestRing receive = Rings[0], transmit = Rings[1];
        int slot = transmit.AvailableIndex % 64;
        int from = Memory.Buffer(slot), to = Memory.Buffer(64 + slot);
        Memory.Bytes.Slice(from, HeaderLength).Clear();
        Memory.Bytes.Slice(to, 2048).Clear();
        for (int i = 0; i < length; i++) Memory.Bytes[from + HeaderLength + i] = (byte)(i + transmit.AvailableIndex);
        ushort before = receive.UsedIndex;
        receive.Describe(slot, GuestMemory.GuestAddress + (ulong)to, 2048, DescriptorFlags.Write);
        receive.Offer((ushort)slot);
        Signal(0);
        transmit.Describe(slot, GuestMemory.GuestAddress + (ulong)from, (uint)(HeaderLength + length));
        transmit.Offer((ushort)slot);
        Signal(1);
        return WaitUntil(() => receive.UsedIndex != before, timeout)
            && receive.Used(before).Length == HeaderLength + length
            && Memory.Bytes.Slice(to + HeaderLength, length).SequenceEqual(Memory.Bytes.Slice(from + HeaderLength, length));
    }

    /// <summary>Looks again and again until the condition holds; false when it did not in time.</summary>
    public static bool WaitUntil(Func<bool> condition, TimeSpan? timeout = null)
    {
        long start = Stopwatch.GetTimestamp();
        var pause = new SpinWait();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > (timeout ?? RawSocket.Patience)) return false;
            pause.SpinOnce();
        }
        return true;
    }

    public void Dispose()
    {
        Socket.Dispose();
        Memory.Dispose();
        foreach (FileDescriptor fd in _kicks.Concat(_calls)) fd.Dispose();
    }

    private void Demand(FrontEndRequest request, ReadOnlySpan<byte> payload, params ReadOnlySpan<int> fds)
    {
        if (!ReplyAck)
        {
            if (!Send(request, payload, fds)) throw new IOException($"The back-end closed at {request}.");
            return;
        }
        ulong? result = Ask(request, payload, fds);
        if (result != 0) throw new IOException(result is null ? $"The back-end closed at {request}." : $"The back-end refused {request} with {result}.");
    }
}
