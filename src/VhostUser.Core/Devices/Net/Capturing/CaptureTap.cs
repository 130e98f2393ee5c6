using System.Runtime.CompilerServices;
using VhostUser.Memory;
using VhostUser.Rings;

namespace VhostUser.Devices.Net.Capturing;

/// <summary>
/// The place in an endpoint at which captures are put on and taken off while packets pass. Without a capture a packet costs one look
/// at a field here.
/// </summary>
internal sealed unsafe class CaptureTap
{
    private readonly Lock _changes = new();
    private CapturePoint[]? _points; // null for none; never changed in place

    /// <summary>Whether packets are captured.</summary>
    public bool IsOn
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _points is not null;
    }

    /// <summary>Puts a capture on; it sees the packets of the next burst.</summary>
    public void Attach(CapturePoint point)
    {
        lock (_changes) Volatile.Write(ref _points, [.. _points ?? [], point]);
    }

    /// <summary>Takes a capture off; a burst that is being worked may still add to it.</summary>
    public void Detach(CapturePoint point)
    {
        lock (_changes)
        {
            CapturePoint[] left = [.. (_points ?? []).Where(other => other != point)];
            Volatile.Write(ref _points, left.Length == 0 ? null : left);
        }
    }

    /// <summary>Captures a packet.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Add(in PacketView packet, in NetHeader header, int queue, bool outbound)
    {
        if (_points is not CapturePoint[] points) return;
        long now = CapturePoint.Now();
        foreach (CapturePoint point in points) point.Add(packet, header, queue, outbound, now);
    }

    /// <summary>Captures a packet that lies in private memory, as it is sent.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Add(ReadOnlySpan<byte> frame, in NetHeader header, int queue)
    {
        fixed (byte* bytes = frame)
        {
            var segment = new Segment(bytes, (uint)frame.Length);
            Add(new PacketView(&segment, 1, 0, segment.Length), header, queue, outbound: true);
        }
    }

    /// <summary>Captures what was taken from a guest's transmit ring, before anything is done with it; those that are no packets are left out.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void AddTaken(Vring ring, int count, int headerLength)
    {
        if (_points is not CapturePoint[] points) return;
        long now = CapturePoint.Now();
        Chain* chains = ring.Burst.Chains;
        for (int i = 0; i < count; i++)
        {
            if (!TransmitReader.TryRead(ring.Burst, ref chains[i], headerLength, out PacketView packet, out _)) continue;
            NetHeader header = TransmitReader.ReadHeader(ring.Burst, ref chains[i], headerLength);
            foreach (CapturePoint point in points) point.Add(packet, header, ring.Index, outbound: false, now);
        }
    }
}
