using System.Runtime.Intrinsics;
using VhostUser.Rings.Split;

namespace VhostUser.Rings.Vapp;

/// <summary>
/// The front-end's side of vapp's reversed ring, in the shape of any other receive ring: posting a buffer puts its descriptor into
/// the list from which the server takes, and what the server makes available is taken back as used. The list goes round in a
/// circle, so a server that only ever follows <c>next</c>, as vapp's does, finds the descriptors again that were posted anew.
/// </summary>
internal sealed unsafe class ReversedDriverQueue : DriverQueue
{
    private enum Owner : byte { Client, Server, New }

    private readonly SplitRing _ring;
    private readonly int _queue;
    private readonly uint _mask;
    private readonly ushort[] _freeIds;
    private readonly Owner[] _owners;
    private readonly uint[] _capacities; // bytes of the posted buffer; behind Reap: of the packet in it
    private uint _freeHead;
    private uint _freeTail;
    private ushort _nextAvailable; // the server's index up to which packets were taken
    private ushort _nextUsed;      // and up to which their buffers were posted again

    public ReversedDriverQueue(SplitRing ring, int queue)
    {
        _ring = ring;
        _queue = queue;
        _mask = (uint)ring.Size - 1;
        _freeIds = new ushort[ring.Size];
        for (int i = 0; i < ring.Size; i++) _freeIds[i] = (ushort)i;
        _freeTail = (uint)ring.Size;
        _owners = new Owner[ring.Size];
        Array.Fill(_owners, Owner.New);
        _capacities = new uint[ring.Size];
    }

    public override int Size => _ring.Size;

    public override int Free => (int)(_freeTail - _freeHead);

    public override int InFlight => Size - Free;

    /// <summary>Buffers that the server has filled and that were not posted again.</summary>
    public int Filled => (ushort)(_ring.LoadAvailableIndex() - _nextUsed);

    public override ushort FreeIdAt(int ahead) => _freeIds[(_freeHead + (uint)ahead) & _mask];

    public override ushort AddSingle(ulong guestAddress, uint length, bool writable)
    {
        ushort id = _freeIds[_freeHead++ & _mask];
        if (_owners[id] != Owner.New) _ring.UsedRing[_nextUsed++ & _mask] = id | (ulong)_capacities[id] << 32;
        _owners[id] = Owner.Server;
        _capacities[id] = length;
        ulong next = (id + 1u) & _mask;
        Vector128.Create(guestAddress, length | (ulong)DescriptorFlags.Write << 32 | next << 48).Store((ulong*)(_ring.Descriptors + id));
        return id;
    }

    /// <summary>Never: the server makes the chains of this ring.</summary>
    public override bool TryAdd(ReadOnlySpan<ChainBuffer> readable, ReadOnlySpan<ChainBuffer> writable, bool direct, out ushort id)
    {
        id = 0;
        return false;
    }

    public override void Publish() => _ring.StoreUsedIndex(_nextUsed);

    public override bool NeedsKick() => false;

    public override int Reap(Span<UsedBuffer> used)
    {
        ushort index = _ring.LoadAvailableIndex();
        uint ready = (ushort)(index - _nextAvailable);
        uint posted = (uint)(Size - Free);
        if (ready > posted)
            throw RingException.Create(VhostError.AvailableIndexInvalid, _queue, $"the server's available index is {index}, {ready} ahead of this client's {_nextAvailable}, but only {posted} buffers are posted.");
        int count = (int)Math.Min(ready, (uint)used.Length);
        for (int i = 0; i < count; i++) used[i] = TakeOne();
        return count;
    }

    // vapp's server kicks for every packet and asks nobody.
    public override bool EnableCalls() => HasUsed();

    public override void DisableCalls() { }

    public override bool HasUsed() => _ring.LoadAvailableIndex() != _nextAvailable;

    public override RingIndices ReadIndices() => new(_ring.LoadAvailableIndex(), _ring.LoadUsedIndex(), _nextAvailable, _nextUsed,
        _ring.LoadAvailableFlags(), _ring.LoadUsedFlags(), _ring.LoadAvailableEvent(), _ring.LoadUsedEvent());

    public override string Verdict
    {
        get
        {
            int waiting = (ushort)(_ring.LoadAvailableIndex() - _nextAvailable);
            return waiting == 0 ? "ok; reversed ring: vapp's server makes packets available and this client uses them" : $"reversed ring: {waiting} packets wait to be received";
        }
    }

    public override VringDescriptor[] ReadDescriptors(SplitRingReader.Translator translate) => SplitRingReader.Read(_ring, _queue, _nextAvailable, translate);

    private UsedBuffer TakeOne()
    {
        uint id = Volatile.Read(ref _ring.AvailableRing[_nextAvailable & _mask]);
        if (id > _mask || _owners[id] != Owner.Server)
            throw RingException.Create(VhostError.DescriptorIndexInvalid, _queue, $"the server made descriptor {id} available, which is {(id > _mask ? $"beyond the ring of {Size}" : "not posted")}.");
        // One load: the copy is what is checked. The address is not looked at, each descriptor's buffer is known here.
        ulong rest = Volatile.Read(ref ((ulong*)(_ring.Descriptors + id))[1]);
        uint length = (uint)rest;
        if (((DescriptorFlags)(rest >> 32) & (DescriptorFlags.Next | DescriptorFlags.Indirect)) != 0)
            throw RingException.Create(VhostError.DescriptorFlagsInvalid, _queue, $"the server's packet in descriptor {id} goes on in another; on vapp's reversed ring each has one.");
        if (length > _capacities[id])
            throw RingException.Create(VhostError.UsedElementInvalid, _queue, $"the server says it wrote {length} bytes into descriptor {id}, which has room for {_capacities[id]}.");
        _owners[id] = Owner.Client;
        _capacities[id] = length;
        _freeIds[_freeTail++ & _mask] = (ushort)id;
        _nextAvailable++;
        return new UsedBuffer((ushort)id, length);
    }
}
