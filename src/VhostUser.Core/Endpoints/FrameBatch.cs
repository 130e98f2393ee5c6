namespace VhostUser.Endpoints;

/// <summary>Frames that go into a ring together: copies in one piece of memory, made once.</summary>
/// <param name="capacity">The most frames.</param>
internal sealed class FrameBatch(int capacity)
{
    private readonly (int Start, int Length)[] _frames = new (int, int)[capacity];
    private byte[] _bytes = new byte[capacity * 2048];
    private int _end;

    /// <summary>Frames in it.</summary>
    public int Count { get; private set; }

    /// <summary>Whether it takes no more.</summary>
    public bool IsFull => Count == capacity;

    /// <summary>A frame by its place.</summary>
    public Span<byte> this[int index] => _bytes.AsSpan(_frames[index].Start, _frames[index].Length);

    /// <summary>Copies a frame in and returns the copy.</summary>
    public Span<byte> Add(ReadOnlySpan<byte> frame)
    {
        if (_bytes.Length - _end < frame.Length) Array.Resize(ref _bytes, 2 * _bytes.Length + frame.Length);
        frame.CopyTo(_bytes.AsSpan(_end));
        _frames[Count++] = (_end, frame.Length);
        _end += frame.Length;
        return this[Count - 1];
    }

    public void Clear() => Count = _end = 0;
}
