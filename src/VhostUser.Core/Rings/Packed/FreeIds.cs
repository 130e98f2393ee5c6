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
