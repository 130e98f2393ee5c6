using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VhostUser.Tests.Endpoints.Vapp;

/// <summary>
/// One ring as vapp works it, in either role, from pointers to its three areas: what it does right, and what it does wrong. Written
/// from what the program was seen to do; no ring code of ours is used.
/// </summary>
internal sealed unsafe class VappRing(byte* descriptors, byte* available, byte* used, Func<ulong, nint> translate)
{
    public const int Size = 32768;
    public const int HeaderLength = 10;
    public const int BufferLength = 1528;
    private const int CopyLength = 1518;
    private const ushort None = 0xFFFF;

    private readonly Descriptor* _descriptors = (Descriptor*)descriptors;
    private readonly ushort* _available = (ushort*)available; // flags, idx, ring
    private readonly ushort* _used = (ushort*)used;           // flags, idx, ring of { id, len }

    [StructLayout(LayoutKind.Sequential)]
    private struct Descriptor
    {
        public ulong Address;
        public uint Length;
        public ushort Flags;
        public ushort Next;
    }

    /// <summary>Head of the list of free descriptors while this side puts packets, else the available cursor.</summary>
    public ushort LastAvailable { get; set; }

    public ushort LastUsed { get; set; }

    /// <summary>What vapp does from here on is undefined: it spins for ever, or follows a descriptor outside of its table.</summary>
    public string? Broken { get; private set; }

    public ushort AvailableIndex => Volatile.Read(ref _available[1]);

    public ushort UsedIndex => Volatile.Read(ref _used[1]);

    /// <summary>Writes a used index that no correct program would.</summary>
    public void SetUsedIndex(ushort value) => Volatile.Write(ref _used[1], value);

    /// <summary>Writes a used element that no correct program would.</summary>
    public void SetUsedElement(int slot, uint id) => ((uint*)(_used + 2))[2 * slot] = id;

    /// <summary>Makes a descriptor available whatever it is.</summary>
    public void PutRaw(ushort id, uint length, ushort flags)
    {
        _descriptors[id % Size].Length = length;
        _descriptors[id % Size].Flags = flags;
        ushort index = _available[1];
        _available[2 + index % Size] = id;
        Volatile.Write(ref _available[1], (ushort)(index + 1));
    }

    /// <summary>The client's first step: all descriptors in one list, each with its buffer.</summary>
    public void Initialise(ulong firstBuffer)
    {
        for (int i = 0; i < Size; i++)
            _descriptors[i] = new Descriptor { Address = firstBuffer + (ulong)(i * BufferLength), Length = BufferLength, Flags = 2, Next = i == Size - 1 ? None : (ushort)(i + 1) };
        _available[1] = 0;
        _used[1] = 0;
    }

    /// <summary>Puts a packet into the first free descriptor and makes it available; false when it is too long for the descriptor.</summary>
    public bool Put(ReadOnlySpan<byte> frame)
    {
        ushort id = LastAvailable;
        if (id >= Size)
        {
            Broken = $"put a packet into descriptor {id} of a table of {Size}";
            return false;
        }
        Descriptor* descriptor = _descriptors + id;
        if (frame.Length > descriptor->Length) return false;
        LastAvailable = descriptor->Next;
        var target = (byte*)translate(descriptor->Address);
        new Span<byte>(target, HeaderLength).Clear();
        frame.CopyTo(new Span<byte>(target + HeaderLength, frame.Length));
        descriptor->Length = (uint)(HeaderLength + frame.Length);
        descriptor->Flags = 0;
        descriptor->Next = None;
        ushort index = _available[1];
        _available[2 + index % Size] = id;
        Volatile.Write(ref _available[1], (ushort)(index + 1));
        return true;
    }

    /// <summary>Takes used descriptors back, with the cursor that turns at the ring's size while the used index does not.</summary>
    public void TakeBack()
    {
        ushort cursor = LastUsed;
        for (int steps = 0; cursor != UsedIndex; cursor = (ushort)((cursor + 1) % Size))
        {
            if (++steps > 2 * Size)
            {
                Broken = $"looks for used index {UsedIndex} with a cursor that never gets there";
                return;
            }
            uint id = ((uint*)(_used + 2))[2 * cursor];
            _descriptors[id].Length = BufferLength;
            _descriptors[id].Flags |= 2;
            _descriptors[id].Next = LastAvailable;
            LastAvailable = (ushort)id;
        }
        LastUsed = cursor;
    }

    /// <summary>Takes all packets that are available and posts them as used. A chain of 1518 bytes or more is left out of the used ring.</summary>
    public List<byte[]> TakeAvailable()
    {
        var frames = new List<byte[]>();
        byte[] buffer = new byte[CopyLength];
        for (; LastAvailable != AvailableIndex; LastAvailable++, LastUsed++)
        {
            ushort head = _available[2 + LastAvailable % Size];
            int length = 0;
            for (ushort id = head; ;)
            {
                Descriptor descriptor = _descriptors[id];
                if (length + descriptor.Length >= CopyLength) break;
                new ReadOnlySpan<byte>((void*)translate(descriptor.Address), (int)descriptor.Length).CopyTo(buffer.AsSpan(length));
                length += (int)descriptor.Length;
                if ((descriptor.Flags & 1) == 0) break;
                id = descriptor.Next;
            }
            if (length == 0) continue;
            uint* element = (uint*)(_used + 2) + 2 * (LastUsed % Size);
            element[0] = head;
            element[1] = (uint)length; // what it read, although a device reports what it wrote
            if (buffer.AsSpan(0, HeaderLength).ContainsAnyExcept((byte)0)) Broken = "got a header that is not ten zeros";
            frames.Add(buffer[HeaderLength..length]);
        }
        Volatile.Write(ref _used[1], LastUsed);
        return frames;
    }
}
