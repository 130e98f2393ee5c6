namespace VhostUser.Rings.Split;

/// <summary>After the loss of a device that used chains out of turn: the entries that it skipped lie before its used index and would be lost.</summary>
internal sealed unsafe partial class SplitDriverQueue
{
    /// <inheritdoc/>
    public override void Resubmit()
    {
        if (_features.InOrder) return; // what is left is the end of the available ring as it is
        ushort used = _ring.LoadUsedIndex();
        int unread = (ushort)(used - _nextReaped), left = (ushort)(_published - used);
        if (unread > InFlight) return; // Reap says what is wrong with this index
        Span<bool> pending = new bool[Size]; // by head
        for (int id = 0; id < Size; id++) pending[id] = _records[id].Descriptors > 0;
        for (int i = 0; i < unread; i++)
        {
            uint id = (uint)_ring.UsedRing[(_nextUsed + i) & _mask];
            if (id <= _mask) pending[(int)id] = false;
        }
        // In the order they were made available, as far as it is still known; a chain older than a lap of the ring comes first.
        var heads = new List<ushort>(left);
        for (int back = 1; back <= Size; back++)
        {
            ushort head = _order[(_nextAvailable - back) & _mask];
            if (pending[head]) heads.Add(head);
            pending[head] = false;
        }
        for (int id = 0; id < Size; id++) if (pending[id]) heads.Add((ushort)id);
        if (heads.Count != left) return; // a device that returned a chain twice, or one that it never had: Reap says so
        for (int i = 0; i < left; i++)
        {
            long slot = (used + i) & _mask;
            _ring.AvailableRing[slot] = _order[slot] = heads[left - 1 - i];
        }
    }
}
