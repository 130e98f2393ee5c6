using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VhostUser.Memory;

namespace VhostUser.Devices.Net.Capturing;

/// <summary>
/// Where packets of one endpoint go that are captured: a buffer of fixed size between the thread that owns the endpoint's rings and the
/// one that writes the file. Neither waits for the other: a packet that finds no room is counted and not captured.
/// </summary>
internal sealed unsafe class CapturePoint
{
    private const int Alignment = 32;

    private readonly byte[] _memory; // the garbage collector's, so that a thread which still adds while a capture ends does no harm
    private readonly byte* _buffer;
    private readonly long _mask;
    private readonly uint _snapLength;
    private readonly int? _queue;
    private readonly bool? _outbound;
    private readonly ushort[] _etherTypes;
    private Positions _positions;
    private long _reserved; // the adding thread's own: where the next record begins
    private long _readSeen; // what it last saw of Read
    private uint _droppedSince;

    /// <param name="bytes">Size of the buffer; rounded up to a power of two.</param>
    /// <param name="snapLength">The most bytes kept of a packet.</param>
    /// <param name="queue">The one ring that is captured, or null for all.</param>
    /// <param name="outbound">The one direction that is captured, or null for both.</param>
    /// <param name="etherTypes">What is captured by the type behind the VLAN tags; null or empty for all.</param>
    public CapturePoint(int bytes, uint snapLength, int? queue, bool? outbound, ushort[]? etherTypes = null)
    {
        long size = (long)BitOperations.RoundUpToPowerOf2((uint)bytes);
        _memory = GC.AllocateUninitializedArray<byte>((int)size + Alignment, pinned: true);
        _buffer = (byte*)((nint)Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0) + Alignment - 1 & ~(Alignment - 1));
        _mask = size - 1;
        _snapLength = snapLength;
        _queue = queue;
        _outbound = outbound;
        _etherTypes = etherTypes ?? [];
    }

    /// <summary>Packets that passed and were meant, captured or not.</summary>
    public long Seen => Volatile.Read(ref _positions.Seen);

    /// <summary>Those of them that found no room.</summary>
    public long Dropped => Volatile.Read(ref _positions.Dropped);

    /// <summary>Adds a packet as it lies in the buffers of a ring; only the thread that owns the endpoint's rings, or holds their lock, calls this.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="header">What is left to do for it.</param>
    /// <param name="queue">Index of the ring.</param>
    /// <param name="outbound">Whether the endpoint sends it.</param>
    /// <param name="time">Time stamp of the monotonic clock.</param>
    public void Add(in PacketView packet, in NetHeader header, int queue, bool outbound, long time)
    {
        if (_queue is int one && queue != one || _outbound is bool way && way != outbound || _etherTypes.Length > 0 && !HasType(packet)) return;
        Volatile.Write(ref _positions.Seen, _positions.Seen + 1);
        uint kept = Math.Min(packet.Length, _snapLength);
        int needed = (int)(sizeof(CaptureRecord) + kept + Alignment - 1) & ~(Alignment - 1);
        if (!TryReserve(needed, out byte* place))
        {
            _droppedSince++;
            Volatile.Write(ref _positions.Dropped, _positions.Dropped + 1);
            return;
        }
        *(CaptureRecord*)place = new CaptureRecord
        {
            Kept = (int)kept,
            Length = packet.Length,
            Time = time,
            Dropped = _droppedSince,
            Queue = (byte)queue,
            Outbound = (byte)(outbound ? 1 : 0),
            Flags = header.Flags,
            GsoType = header.GsoType,
            GsoSize = header.GsoSize,
            ChecksumStart = header.ChecksumStart,
            ChecksumOffset = header.ChecksumOffset,
        };
        packet.CopyHead(place + sizeof(CaptureRecord), kept);
        _droppedSince = 0;
        _reserved += needed;
        Volatile.Write(ref _positions.Written, _reserved); // the record before the position that shows it
    }

    /// <summary>The oldest record, in place, or null; only the writing thread calls this.</summary>
    public CaptureRecord* Peek()
    {
        while (true)
        {
            long read = _positions.Read;
            if (read == Volatile.Read(ref _positions.Written)) return null;
            var record = (CaptureRecord*)(_buffer + (read & _mask));
            if (record->Kept != CaptureRecord.Wrap) return record;
            Volatile.Write(ref _positions.Read, (read | _mask) + 1);
        }
    }

    /// <summary>The bytes of the record that <see cref="Peek"/> gave.</summary>
    public ReadOnlyMemory<byte> BytesOf(CaptureRecord* record) =>
        _memory.AsMemory((int)((byte*)(record + 1) - (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0)), record->Kept);

    /// <summary>Gives back the room of the record that <see cref="Peek"/> gave.</summary>
    public void Release(CaptureRecord* record)
    {
        int taken = sizeof(CaptureRecord) + record->Kept + Alignment - 1 & ~(Alignment - 1);
        Volatile.Write(ref _positions.Read, _positions.Read + taken);
    }

    /// <summary>A time stamp as <see cref="Add"/> takes it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Now() => Stopwatch.GetTimestamp();

    private bool HasType(in PacketView packet)
    {
        const int least = 14, tag = 4, tags = 2;
        byte* head = stackalloc byte[least + tags * tag];
        uint length = Math.Min(packet.Length, least + tags * tag);
        packet.CopyHead(head, length);
        for (int at = least; at <= length; at += tag)
        {
            ushort type = BinaryPrimitives.ReverseEndianness(*(ushort*)(head + at - 2));
            if (_etherTypes.AsSpan().Contains(type)) return true;
            if (type is not (0x8100 or 0x88A8)) return false; // IEEE 802.1Q and 802.1ad
        }
        return false;
    }

    private bool TryReserve(int needed, out byte* place)
    {
        long toEnd = _mask + 1 - (_reserved & _mask);
        long wanted = needed <= toEnd ? needed : toEnd + needed;
        place = null;
        if (_reserved + wanted - _readSeen > _mask + 1)
        {
            _readSeen = Volatile.Read(ref _positions.Read);
            if (_reserved + wanted - _readSeen > _mask + 1) return false;
        }
        if (needed > toEnd)
        {
            // Records are multiples of their header's size, so there is room for the mark.
            ((CaptureRecord*)(_buffer + (_reserved & _mask)))->Kept = CaptureRecord.Wrap;
            _reserved += toEnd;
        }
        place = _buffer + (_reserved & _mask);
        return true;
    }

    /// <summary>What both threads look at, each side's on cache lines of its own.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 320)]
    private struct Positions
    {
        [FieldOffset(64)] public long Written;
        [FieldOffset(72)] public long Seen;
        [FieldOffset(80)] public long Dropped;
        [FieldOffset(192)] public long Read;
    }
}
