using System.Runtime.CompilerServices;
using VhostUser.Devices.Net.Capturing;
using VhostUser.Memory;
using VhostUser.Rings;

namespace VhostUser.Devices.Net;

/// <summary>
/// Sends packets as the driver of a transmit ring. Every descriptor owns one slot of shared memory, so a packet costs one copy and
/// one descriptor; a packet longer than a slot takes as many as it needs.
/// </summary>
internal sealed unsafe class NetTransmitter(DriverRing ring, RegionPiece slots, uint slotSize, int headerLength, bool separateHeader, uint? stride = null)
{
    private const int MaxPieces = 64;
    private const int MaxBurst = 64; // packets added together

    private readonly UsedBuffer[] _used = new UsedBuffer[256];
    private readonly uint _stride = stride ?? slotSize; // bytes from slot to slot
    private readonly uint[] _held = new uint[ring.Queue.Size]; // which template each slot holds, 0 for none
    private uint _templates;

    public DriverRing Ring => ring;

    /// <summary>The longest packet that the device accepts.</summary>
    public uint PacketLimit { get; init; } = TransmitReader.MaxPacket;

    /// <summary>The longest packet: limited by the slots of a chain and by what the device accepts.</summary>
    public uint MaxPacket => Math.Min(Math.Min((uint)ring.Queue.Size - (separateHeader ? 1u : 0u), MaxPieces - 1) * slotSize - (uint)headerLength, PacketLimit);

    /// <summary>Chains taken back that are no packets of this sender; they belong to whoever posted them.</summary>
    public Action<UsedBuffer>? ForeignChain { get; init; }

    /// <summary>How many such chains are in flight; while there are none, nobody is asked.</summary>
    public int ForeignChains { get; set; }

    /// <summary>Where packets are captured: the endpoint's.</summary>
    public CaptureTap Capture { get; init; } = new();

    /// <summary>A number for a packet that will be sent many times: a slot that still holds it is sent again without a copy.</summary>
    public uint NewTemplate() => ++_templates == 0 ? ++_templates : _templates;

    /// <summary>Copies a packet into the ring behind its header; false when the ring has no room. <see cref="Flush"/> makes it available.</summary>
    /// <param name="frame">The packet.</param>
    /// <param name="template">What <see cref="NewTemplate"/> gave for exactly this packet, or 0.</param>
    /// <param name="header">What is left to the device; empty when nothing is.</param>
    public bool TrySend(ReadOnlySpan<byte> frame, uint template = 0, in NetHeader header = default) => Send(frame, 1, template, header) == 1;

    /// <summary>The same as often as asked; returns how often there was room.</summary>
    /// <param name="frame">The packet.</param>
    /// <param name="count">How often.</param>
    /// <param name="template">What <see cref="NewTemplate"/> gave for exactly this packet, or 0.</param>
    /// <param name="header">What is left to the device; empty when nothing is.</param>
    public int Send(ReadOnlySpan<byte> frame, int count, uint template = 0, in NetHeader header = default)
    {
        int sent = 0;
        if (frame.Length + headerLength <= slotSize && !separateHeader)
        {
            while (sent < count)
            {
                int burst = SendSlots(frame, Math.Min(count - sent, MaxBurst), template, header);
                if (burst == 0) break;
                sent += burst;
            }
        }
        else
        {
            while (sent < count && TrySendInPieces(frame, header)) sent++;
        }
        ring.Counters.Packets += sent;
        ring.Counters.Bytes += (long)frame.Length * sent;
        if (Capture.IsOn)
        {
            for (int i = 0; i < sent; i++) Capture.Add(frame, header, ring.Index);
        }
        return sent;
    }

    // One slot each: the ring is asked once for places and told once of all of them.
    private int SendSlots(ReadOnlySpan<byte> frame, int count, uint template, in NetHeader header)
    {
        Span<ushort> ids = stackalloc ushort[MaxBurst];
        ids = ids[..ring.Queue.PeekFree(ids[..count])];
        byte* start = slots.Address;
        fixed (byte* source = frame)
        {
            foreach (ushort id in ids)
            {
                if (template != 0 && _held[id] == template) continue;
                byte* slot = start + id * (ulong)_stride;
                WriteHeader(slot, header);
                PacketCopy.Copy(slot + headerLength, source, (uint)frame.Length);
                _held[id] = template;
            }
        }
        ring.Queue.AddSlots(ids.Length, new SlotArray(slots.GuestAddress, _stride, (uint)(frame.Length + headerLength), Writable: false));
        return ids.Length;
    }

    /// <summary>Makes everything sent available and kicks the device if it wants.</summary>
    public void Flush()
    {
        ring.Queue.Publish();
        ring.KickIfWanted();
    }

    /// <summary>Takes back what the device has sent; returns how many packets.</summary>
    public int Reclaim()
    {
        int total = 0;
        while (true)
        {
            int count = ring.Queue.Reap(_used);
            total += count;
            if (ForeignChains > 0)
            {
                foreach (UsedBuffer used in _used.AsSpan(0, count)) ForeignChain!(used);
            }
            if (count < _used.Length) return total;
        }
    }

    private bool TrySendInPieces(ReadOnlySpan<byte> frame, in NetHeader header)
    {
        DriverQueue queue = ring.Queue;
        Span<ChainBuffer> pieces = stackalloc ChainBuffer[MaxPieces];
        int count = 0;
        uint sent = 0;
        uint left = (uint)frame.Length;
        for (int slotNumber = 0; left > 0 || count == 0; slotNumber++)
        {
            int needed = slotNumber == 0 && separateHeader ? 2 : 1;
            if (count + needed > Math.Min(MaxPieces, queue.Free)) return false;
            ushort id = queue.FreeIdAt(slotNumber);
            _held[id] = 0;
            ulong offset = id * (ulong)_stride;
            byte* slot = slots.Address + offset;
            uint start = 0;
            if (slotNumber == 0)
            {
                WriteHeader(slot, header);
                start = (uint)headerLength;
                // Without ANY_LAYOUT or VERSION_1 the header stands in a descriptor of its own (virtio 1.3 §5.1.6.6).
                if (separateHeader) pieces[count++] = new ChainBuffer(slots.GuestAddress + offset, start);
            }
            uint part = Math.Min(left, slotSize - start);
            frame.Slice((int)sent, (int)part).CopyTo(new Span<byte>(slot + start, (int)part));
            bool joined = slotNumber == 0 && !separateHeader;
            pieces[count++] = new ChainBuffer(slots.GuestAddress + offset + (joined ? 0 : start), part + (joined ? start : 0));
            sent += part;
            left -= part;
        }
        return queue.TryAdd(pieces[..count], [], direct: true, out _);
    }

    private void WriteHeader(byte* slot, in NetHeader header)
    {
        // Slots are at least 64 bytes: 16 zeros at once cover headers of 10 and 12, four more the one of 20.
        *(UInt128*)slot = 0;
        if (headerLength > 16) *(uint*)(slot + 16) = 0;
        if ((header.Flags | header.GsoType) == 0) return;
        // num_buffers stays 0: a driver does not use it (virtio 1.3 §5.1.6.2.1).
        fixed (NetHeader* source = &header) Unsafe.CopyBlockUnaligned(slot, source, NetHeader.LegacyLength);
    }
}
