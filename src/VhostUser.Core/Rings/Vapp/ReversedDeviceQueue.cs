using VhostUser.Memory;
using VhostUser.Rings.Split;

namespace VhostUser.Rings.Vapp;

/// <summary>
/// The back-end's side of vapp's reversed ring, in the shape of any other receive ring: what <see cref="Take"/> hands out are the
/// client's free descriptors, and <see cref="Return"/> makes them available to it. The client's used ring gives them back, which
/// vapp's own server never looks at.
/// </summary>
internal sealed unsafe class ReversedDeviceQueue : DeviceQueue
{
    private readonly SplitRing _ring;
    private readonly MemoryTable _memory;
    private readonly int _queue;
    private readonly uint _mask;
    private readonly ushort[] _freeIds; // first in first out
    private readonly bool[] _inFlight;
    private readonly uint[] _capacities; // of each buffer, as the client left it; 0 until it is first taken
    private uint _freeHead;
    private uint _freeTail;
    private ushort _nextAvailable;
    private ushort _nextUsed;
    private ushort _lastSignalled;

    public ReversedDeviceQueue(SplitRing ring, MemoryTable memory, int queue)
    {
        _ring = ring;
        _memory = memory;
        _queue = queue;
        _mask = (uint)ring.Size - 1;
        _freeIds = new ushort[ring.Size];
        _inFlight = new bool[ring.Size];
        _capacities = new uint[ring.Size];
        _nextAvailable = _lastSignalled = ring.LoadAvailableIndex();
        _nextUsed = ring.LoadUsedIndex();
        RecallInFlight();
        for (int i = 0; i < ring.Size; i++)
            if (!_inFlight[i]) _freeIds[_freeTail++] = (ushort)i;
    }

    public override int Size => _ring.Size;

    public override uint Base => _nextAvailable;

    private int Free => (int)(_freeTail - _freeHead);

    public override int Take(ChainBurst burst, int max)
    {
        Reap();
        int count = Math.Min(Free, Math.Min(max, ChainBurst.MaxChains));
        for (int i = 0; i < count; i++)
        {
            ushort id = _freeIds[_freeHead++ & _mask];
            // Each field is loaded once: what is checked is the copy.
            ulong* descriptor = (ulong*)(_ring.Descriptors + id);
            ulong address = Volatile.Read(ref descriptor[0]);
            uint capacity = _capacities[id] != 0 ? _capacities[id] : Math.Min((uint)Volatile.Read(ref descriptor[1]), VappLayout.MaxChain);
            byte* buffer = _memory.TranslateGuest(address, capacity);
            if (buffer == null)
                throw RingException.Create(VhostError.DescriptorAddressInvalid, _queue,
                    $"the free descriptor {id} has its buffer at guest address 0x{address:x}, {capacity} bytes, which is not inside one region; {_memory.Describe(user: false)}.");
            _capacities[id] = capacity;
            burst.Segments[i] = new Segment(buffer, capacity);
            burst.Chains[i] = new Chain { FirstSegment = i, Head = id, WritableSegments = 1, WritableBytes = capacity };
        }
        return count;
    }

    public override void Untake(int count) => _freeHead -= (uint)count;

    public override void Return(Chain* chains, int count)
    {
        for (int i = 0; i < count; i++)
        {
            ushort id = chains[i].Head;
            SplitDescriptor* descriptor = _ring.Descriptors + id;
            descriptor->Length = chains[i].Written;
            descriptor->Flags = DescriptorFlags.None;
            descriptor->Next = VappLayout.NoDescriptor;
            _ring.AvailableRing[(uint)(_nextAvailable + i) & _mask] = id;
            _inFlight[id] = true;
        }
        _nextAvailable += (ushort)count;
        _ring.StoreAvailableIndex(_nextAvailable);
    }

    public override bool NeedsCall()
    {
        bool needed = _lastSignalled != _nextAvailable;
        _lastSignalled = _nextAvailable;
        return needed;
    }

    // vapp's client signals nothing when it has used buffers: whoever waits for one must look again.
    public override bool EnableKicks() => true;

    public override void DisableKicks() { }

    public override bool HasAvailable() => Free > 0 || _ring.LoadUsedIndex() != _nextUsed;

    public override void ForgetTranslations() { } // each buffer is looked up when it is used

    public override RingIndices ReadIndices() => new(_ring.LoadAvailableIndex(), _ring.LoadUsedIndex(), _nextAvailable, _nextUsed,
        _ring.LoadAvailableFlags(), _ring.LoadUsedFlags(), _ring.LoadAvailableEvent(), _ring.LoadUsedEvent());

    public override string Verdict
    {
        get
        {
            int waiting = (ushort)(_nextAvailable - _ring.LoadUsedIndex());
            return waiting == 0 ? "ok; reversed ring: this server makes packets available and vapp's client uses them"
                : $"reversed ring: {waiting} packets wait for vapp's client";
        }
    }

    public override VringDescriptor[] ReadDescriptors() => SplitRingReader.Read(_ring, _queue, _nextUsed, _memory.TranslateGuest);

    private void Reap()
    {
        ushort used = _ring.LoadUsedIndex();
        uint ready = (ushort)(used - _nextUsed);
        uint inFlight = (ushort)(_nextAvailable - _nextUsed);
        if (ready > inFlight)
            throw RingException.Create(VhostError.UsedIndexInvalid, _queue, $"the client's used index is {used}, {ready} ahead of {_nextUsed}, but only {inFlight} packets were made available to it.");
        for (; ready > 0; ready--)
        {
            uint id = (uint)Volatile.Read(ref _ring.UsedRing[_nextUsed & _mask]);
            if (id > _mask || !_inFlight[id])
                throw RingException.Create(VhostError.UsedElementInvalid, _queue, $"the client returned descriptor {id}, which is {(id > _mask ? $"beyond the ring of {Size}" : "not in flight")}.");
            _inFlight[id] = false;
            _freeIds[_freeTail++ & _mask] = (ushort)id;
            _nextUsed++;
        }
    }

    // A queue that is set up over a ring in use, after a new memory table for instance, knows from the ring what the client still has.
    private void RecallInFlight()
    {
        int count = (ushort)(_nextAvailable - _nextUsed);
        if (count > Size)
            throw RingException.Create(VhostError.AvailableIndexInvalid, _queue, $"the available index {_nextAvailable} is {count} ahead of the used index {_nextUsed}; a ring of {Size} can be at most {Size} ahead.");
        for (int i = 0; i < count; i++)
        {
            uint id = _ring.AvailableRing[(uint)(_nextUsed + i) & _mask];
            if (id > _mask) throw RingException.Create(VhostError.DescriptorIndexInvalid, _queue, $"the available ring names descriptor {id}; the ring has {Size}.");
            _inFlight[id] = true;
        }
    }
}
