using VhostUser.Rings;
using VhostUser.Rings.Packed;
using Xunit;

namespace VhostUser.Tests.Rings.Packed;

/// <summary>
/// A driver written from the specification's text alone, as plainly as can be, which hands out its ids in either order. Every chain
/// carries a number in the first buffer, so that a device's work can be told apart.
/// </summary>
internal sealed unsafe class ReferenceDriver(PackedTestRing ring, bool lifo, bool inOrder)
{
    private readonly List<ushort> _free = [.. Enumerable.Range(0, ring.Ring.Size).Select(id => (ushort)id)];
    private readonly List<(ushort Id, int Length, uint Number)> _inFlight = [];
    private int _available;
    private bool _availableWrap = true;
    private int _used;
    private bool _usedWrap = true;
    private uint _number;

    /// <summary>Descriptors not in use.</summary>
    public int Room { get; private set; } = ring.Ring.Size;

    public int InFlight => _inFlight.Count;

    /// <summary>Chains taken back, in this order.</summary>
    public List<uint> Reaped { get; } = [];

    /// <summary>Makes a chain of so many buffers available; in a table it takes one descriptor.</summary>
    public void Add(int buffers, bool indirect, bool writable)
    {
        int length = indirect ? 1 : buffers;
        ushort id = _free[lifo ? ^1 : 0];
        _free.RemoveAt(lifo ? _free.Count - 1 : 0);
        ulong slot = ring.Buffers + id * 64UL;
        *(uint*)ring.Memory.At(slot) = _number;
        DescriptorFlags direction = writable ? DescriptorFlags.Write : 0;
        ulong table = ring.Buffers + 0x8000 + id * 64UL;
        if (indirect)
        {
            for (int i = 0; i < buffers; i++) ring.WriteTable(table, i, slot, 16, flags: direction);
        }
        var chain = new List<(int Slot, PackedTail Tail)>();
        for (int i = 0; i < length; i++)
        {
            DescriptorFlags flags = (indirect ? DescriptorFlags.Indirect : direction) | (i < length - 1 ? DescriptorFlags.Next : 0)
                | (_availableWrap ? DescriptorFlags.Available : DescriptorFlags.Used);
            // The id counts in the last descriptor only (virtio 1.3 §2.8.6).
            chain.Add((_available, new PackedTail(indirect ? (uint)(16 * buffers) : 16, i == length - 1 ? id : (ushort)0xdead, flags)));
            ring.Ring.StoreAddress(_available, indirect ? table : slot);
            if (++_available < ring.Ring.Size) continue;
            _available = 0;
            _availableWrap = !_availableWrap;
        }
        for (int i = length - 1; i >= 0; i--) ring.Ring.StoreTail(chain[i].Slot, chain[i].Tail);
        _inFlight.Add((id, length, _number++));
        Room -= length;
    }

    /// <summary>Takes back what was used, at most so many used descriptors.</summary>
    public void Reap(int most, string where)
    {
        for (; most > 0; most--)
        {
            PackedTail tail = ring.Ring.LoadTail(_used);
            if (tail.AvailableBit != _usedWrap || tail.UsedBit != _usedWrap) return;
            int index = _inFlight.FindIndex(chain => chain.Id == tail.Id);
            Assert.True(index >= 0, $"{where}: id {tail.Id} was used and is not in flight");
            if (inOrder)
            {
                for (int i = 0; i <= index; i++) Release(0);
            }
            else
            {
                Release(index);
            }
        }
    }

    private void Release(int index)
    {
        (ushort id, int length, uint number) = _inFlight[index];
        _inFlight.RemoveAt(index);
        _free.Add(id);
        Room += length;
        Reaped.Add(number);
        _used += length;
        if (_used < ring.Ring.Size) return;
        _used -= ring.Ring.Size;
        _usedWrap = !_usedWrap;
    }
}
