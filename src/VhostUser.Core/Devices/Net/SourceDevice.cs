using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using VhostUser.Memory;

namespace VhostUser.Devices.Net;

/// <summary>
/// Fills the peer's receive ring with UDP packets of one size; the first eight payload bytes count up from 0, big endian,
/// so that a receiver sees loss and order. Packets that the peer transmits are counted and returned, as by a sink.
/// </summary>
internal sealed unsafe class SourceDevice : NetDevice
{
    /// <summary>Where the sequence number stands: behind the Ethernet (14), IPv4 (20) and UDP (8) headers.</summary>
    public const int SequenceOffset = 42;

    /// <summary>The smallest packet that has room for the sequence number.</summary>
    public const int MinPacket = 60;

    private const int EthernetHeader = 14;

    private readonly SinkDevice _sink = new();
    private readonly Segment* _segment;
    private readonly byte* _packet;
    private readonly uint _length;
    private readonly double _rate;
    private readonly long _start = Stopwatch.GetTimestamp();
    private bool _fits = true; // whether the front-end's MTU allows for these packets
    private ulong _sequence;
    private double _paced; // packets that the rate has allowed for so far

    /// <param name="frame">The packet's bytes, headers included, at least <see cref="MinPacket"/>.</param>
    /// <param name="rate">Packets per second, or 0 for as many as the ring takes.</param>
    public SourceDevice(ReadOnlySpan<byte> frame, double rate)
    {
        _length = (uint)frame.Length;
        _rate = rate;
        _packet = (byte*)NativeMemory.AlignedAlloc((nuint)frame.Length, 64);
        frame.CopyTo(new Span<byte>(_packet, frame.Length));
        _segment = (Segment*)NativeMemory.Alloc((nuint)sizeof(Segment));
        *_segment = new Segment(_packet, _length);
    }

    public override bool WantsReceiveKicks => true;

    public override TimeSpan? NextWork => _rate > 0 ? TimeSpan.FromSeconds((_paced + 1) / _rate - Stopwatch.GetElapsedTime(_start).TotalSeconds) : null;

    public override void MtuChanged(int mtu) => _fits = _length <= mtu + EthernetHeader;

    public override bool Process(NetQueuePair pair)
    {
        bool worked = _sink.Process(pair);
        if (!pair.CanReceive || !_fits) return worked;
        int allowed = BurstSize;
        if (_rate > 0)
        {
            double due = Stopwatch.GetElapsedTime(_start).TotalSeconds * _rate - _paced;
            if (due < 1) return worked;
            // Time that passed without a buffer is not made up for by a flood: at most a tenth of a second is.
            double most = Math.Max(_rate / 10, BurstSize);
            if (due > most) _paced += due - most;
            allowed = (int)Math.Min(due, BurstSize);
        }
        pair.Filler.Expect(allowed);
        int sent = 0;
        while (sent < allowed && (pair.Filler.TryWritePlain(_packet, _length) || pair.Filler.HasBuffer && pair.Filler.TryWrite(new PacketView(_segment, 1, 0, _length))))
        {
            sent++;
            // Written behind the copy, so that the next copy does not wait for this store.
            *(ulong*)(_packet + SequenceOffset) = BinaryPrimitives.ReverseEndianness(++_sequence);
        }
        _paced += sent;
        pair.Filler.Flush();
        return worked || sent == BurstSize;
    }

    public override void Dispose()
    {
        NativeMemory.AlignedFree(_packet);
        NativeMemory.Free(_segment);
    }
}
