using System.Runtime.CompilerServices;

namespace VhostUser.Memory;

/// <summary>A place in a list of segments that moves as bytes are read or written; it never leaves the list.</summary>
internal unsafe ref struct SegmentCursor(Segment* segments, int count)
{
    private Segment* _segment = segments;
    private int _left = count;
    private uint _offset;

    /// <summary>Moves on without touching bytes.</summary>
    public void Skip(uint length)
    {
        while (length > 0 && Advance())
        {
            uint step = Math.Min(length, _segment->Length - _offset);
            _offset += step;
            length -= step;
        }
    }

    /// <summary>Copies bytes out; returns how many there were.</summary>
    public uint Read(byte* target, uint length)
    {
        uint done = 0;
        while (done < length && Advance())
        {
            uint step = Math.Min(length - done, _segment->Length - _offset);
            Unsafe.CopyBlockUnaligned(target + done, _segment->Address + _offset, step);
            _offset += step;
            done += step;
        }
        return done;
    }

    /// <summary>Copies bytes in; returns how many fitted.</summary>
    public uint Write(byte* source, uint length)
    {
        uint done = 0;
        while (done < length && Advance())
        {
            uint step = Math.Min(length - done, _segment->Length - _offset);
            Unsafe.CopyBlockUnaligned(_segment->Address + _offset, source + done, step);
            _offset += step;
            done += step;
        }
        return done;
    }

    /// <summary>The contiguous bytes at the cursor, at most <paramref name="length"/>, and moves behind them.</summary>
    public Segment Next(uint length)
    {
        if (!Advance()) return default;
        uint step = Math.Min(length, _segment->Length - _offset);
        var piece = new Segment(_segment->Address + _offset, step);
        _offset += step;
        return piece;
    }

    private bool Advance()
    {
        while (_left > 0 && _offset >= _segment->Length)
        {
            _segment++;
            _left--;
            _offset = 0;
        }
        return _left > 0;
    }
}
