using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Rings.Packed;

namespace VhostUser.Tests.Peers;

/// <summary>
/// The driver of one queue pair of packed rings in a <see cref="GuestMemory"/>, which outlives the sessions it is used in: what
/// a guest is to a back-end that comes and goes.
/// </summary>
internal sealed unsafe class PackedFrontEnd
{
    /// <summary>SET_VRING_BASE of a ring that nobody served yet.</summary>
    public const uint Fresh = 0x8000_8000;

    private readonly GuestMemory _memory;
    private readonly RingFeatures _features;
    private readonly PackedDriverQueue[] _queues;
    private readonly UsedBuffer[] _used = new UsedBuffer[256];
    private byte _stamp;

    public PackedFrontEnd(GuestMemory memory, int size = 256, bool eventIdx = false)
    {
        _memory = memory;
        Size = size;
        _features = new RingFeatures(eventIdx, Indirect: false, InOrder: false, Packed: true);
        _queues = [Create(0), Create(1)];
    }

    public int Size { get; }

    public PackedDriverQueue Receive => _queues[0];

    public PackedDriverQueue Transmit => _queues[1];

    /// <summary>Clears a ring and begins anew, as a driver does after a queue reset.</summary>
    public void Reset(int ring) => _queues[ring] = Create(ring);

    /// <summary>Features, memory and both rings, in a session of its own.</summary>
    public void Start(RawFrontEnd front, uint receiveBase = Fresh, uint transmitBase = Fresh)
    {
        Negotiate(front);
        SetUpRing(front, 0, receiveBase);
        SetUpRing(front, 1, transmitBase);
        for (int ring = 0; ring < 2; ring++) front.SetVringEnable(ring);
    }

    public void Negotiate(RawFrontEnd front, ProtocolFeatures protocol = RawFrontEnd.AllProtocolFeatures)
    {
        front.SetOwner();
        front.SetProtocolFeatures(front.GetProtocolFeatures() & protocol);
        front.SetFeatures(VirtioFeatures.Version1 | VirtioFeatures.RingPacked | VirtioFeatures.RingReset | VirtioFeatures.ProtocolFeatures | (_features.EventIdx ? VirtioFeatures.EventIdx : 0));
        front.SetMemTable();
    }

    public void SetUpRing(RawFrontEnd front, int ring, uint vringBase)
    {
        front.Ask(FrontEndRequest.SetVringNum, RawMessage.State((uint)ring, (uint)Size));
        front.SetVringBase(ring, vringBase);
        front.SetVringAddr(ring);
        front.SetVringCall(ring);
        front.SetVringKick(ring);
    }

    /// <summary>Posts a receive buffer.</summary>
    public void PostBuffer()
    {
        ushort id = Receive.FreeIdAt(0);
        Receive.AddSingle(GuestMemory.GuestAddress + (ulong)ReceiveBuffer(id), 1024, writable: true);
        Receive.Publish();
    }

    /// <summary>Makes a packet available that differs from the one before.</summary>
    public void PostPacket(int length = 100)
    {
        ushort id = Transmit.FreeIdAt(0);
        _memory.Bytes.Slice(TransmitBuffer(id), 12).Clear();
        _memory.Bytes.Slice(TransmitBuffer(id) + 12, length).Fill(++_stamp);
        Transmit.AddSingle(GuestMemory.GuestAddress + (ulong)TransmitBuffer(id), (uint)(12 + length), writable: false);
        Transmit.Publish();
    }

    /// <summary>
    /// Makes a descriptor of the transmit ring's first lap available by hand. Its id and flags become visible at once, as no
    /// server that is still awake may see the one without the other.
    /// </summary>
    public void PostByHand(int slot, ushort id, uint length = 112)
    {
        var descriptor = (ulong*)(_memory.Address + _memory.Ring(1, Size).DescriptorOffset + 16 * slot);
        descriptor[0] = GuestMemory.GuestAddress + (ulong)TransmitBuffer(0);
        Volatile.Write(ref descriptor[1], length | (ulong)id << 32 | PackedPosition.Start.AvailableFlags);
    }

    /// <summary>Sends a packet and waits until an echo server returned it unchanged.</summary>
    public bool PassPacket(RawFrontEnd front, int length = 100)
    {
        if (Receive.Free > 0) PostBuffer();
        PostPacket(length);
        front.Signal(0);
        front.Signal(1);
        if (!RawFrontEnd.WaitUntil(Receive.HasUsed)) return false;
        if (Receive.Reap(_used.AsSpan(0, 1)) != 1 || _used[0].Written != 12 + length) return false;
        if (_memory.Bytes.Slice(ReceiveBuffer(_used[0].Id) + 12, length).IndexOfAnyExcept(_stamp) >= 0) return false;
        return RawFrontEnd.WaitUntil(Transmit.HasUsed) && Transmit.Reap(_used) > 0;
    }

    private static int ReceiveBuffer(int id) => GuestMemory.Buffers + 1024 * (id % 256);

    private static int TransmitBuffer(int id) => GuestMemory.Buffers + 1024 * (256 + id % 256);

    private PackedDriverQueue Create(int index)
    {
        GuestRing ring = _memory.Ring(index, Size);
        byte* start = _memory.Address;
        new Span<byte>(start + ring.DescriptorOffset, 16 * Size).Clear();
        *(uint*)(start + ring.AvailableOffset) = 0;
        *(uint*)(start + ring.UsedOffset) = 0;
        return new PackedDriverQueue(new PackedRing(start + ring.DescriptorOffset, start + ring.AvailableOffset, start + ring.UsedOffset, Size), _features, index, null);
    }
}
