namespace VhostUser.Rings.Packed;

/// <summary>
/// Buffer ids that are free, first in first out: with IN_ORDER an id is then the place of its descriptor. The ring's size need
/// not be a power of two, so places come round by comparison.
/// </summary>
internal sealed class FreeIds
{
    private readonly ushort[] _ids;
    private int _head;
    private int _tail;

    public FreeIds(int size)
    {
        _ids = new ushort[size];
        for (int i = 0; i < size; i++) _ids[i] = (ushort)i;
        Count = size;
    }

    public int Count { get; private set; }

    /// <summary>The id that comes up after so many others.</summary>
    public ushort Peek(int ahead)
    {
        int index = _head + ahead;
        return _ids[index >= _ids.Length ? index - _ids.Length : index];
    }

    /// <summary>The ids that come up next; returns how many there are, at most as many as fit.</summary>
    public int Peek(Span<ushort> ids)
    {
        int count = Math.Min(ids.Length, Count);
        int tail = Math.Min(count, _ids.Length - _head); // the others are at the array's start
        _ids.AsSpan(_head, tail).CopyTo(ids);
        _ids.AsSpan(0, count - tail).CopyTo(ids[tail..]);
        return count;
    }

    public ushort Take()
    {
        ushort id = _ids[_head];
        if (++_head == _ids.Length) _head = 0;
        Count--;
        return id;
    }

    public void Give(ushort id)
    {
        _ids[_tail] = id;
        if (++_tail == _ids.Length) _tail = 0;
        Count++;
    }
}
