namespace VhostUser.Memory;

/// <summary>Hands out page-aligned pieces of a region, first fit; freed neighbours merge. Not for the packet path.</summary>
internal sealed class RegionAllocator(ulong size)
{
    private readonly SortedList<ulong, ulong> _free = new() { [0] = size };

    public ulong Used => size - _free.Values.Aggregate(0UL, (sum, length) => sum + length);

    public ulong LargestFree => _free.Count == 0 ? 0 : _free.Values.Max();

    /// <summary>Offset of a free piece of <paramref name="length"/> bytes, or null when none is large enough.</summary>
    public ulong? TryAllocate(ulong length, ulong alignment = 4096)
    {
        length = (length + 63) & ~63UL;
        foreach ((ulong start, ulong extent) in _free)
        {
            ulong offset = (start + alignment - 1) & ~(alignment - 1);
            if (offset - start > extent || length > extent - (offset - start)) continue;
            _free.Remove(start);
            if (offset > start) _free[start] = offset - start;
            ulong rest = start + extent - (offset + length);
            if (rest > 0) _free[offset + length] = rest;
            return offset;
        }
        return null;
    }

    public void Free(ulong offset, ulong length)
    {
        length = (length + 63) & ~63UL;
        _free[offset] = length;
        int i = _free.IndexOfKey(offset);
        if (i + 1 < _free.Count && offset + length == _free.Keys[i + 1])
        {
            length += _free.Values[i + 1];
            _free.RemoveAt(i + 1);
            _free[offset] = length;
        }
        if (i > 0 && _free.Keys[i - 1] + _free.Values[i - 1] == offset)
        {
            _free[_free.Keys[i - 1]] += length;
            _free.RemoveAt(i);
        }
    }
}
