using System.Runtime.CompilerServices;
using VhostUser.Memory;

namespace VhostUser.Devices.Net;

/// <summary>
/// One packet in place: its bytes behind the virtio-net header, in guest memory, in one or more segments.
/// The guest may change the bytes at any time; whoever decides by them copies them first.
/// </summary>
internal readonly unsafe ref struct PacketView(Segment* segments, int count, uint skip, uint length)
{
    /// <summary>Bytes of the packet.</summary>
    public uint Length => length;

    /// <summary>The packet's first byte when all of it lies in one segment, else null.</summary>
    public byte* Contiguous
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => segments->Length >= (ulong)skip + length ? segments->Address + skip : null;
    }

    /// <summary>Copies the whole packet to private memory of at least <see cref="Length"/> bytes.</summary>
    public void CopyTo(byte* target)
    {
        byte* contiguous = Contiguous;
        if (contiguous != null)
        {
            Unsafe.CopyBlockUnaligned(target, contiguous, length);
            return;
        }
        var reader = new SegmentCursor(segments, count);
        reader.Skip(skip);
        reader.Read(target, length);
    }

    /// <summary>Copies the first bytes, at most <see cref="Length"/>, to private memory.</summary>
    public void CopyHead(byte* target, uint bytes)
    {
        if (segments->Length >= (ulong)skip + bytes)
        {
            Unsafe.CopyBlockUnaligned(target, segments->Address + skip, bytes);
            return;
        }
        Cursor().Read(target, bytes);
    }

    /// <summary>A cursor at the packet's first byte.</summary>
    public SegmentCursor Cursor()
    {
        var cursor = new SegmentCursor(segments, count);
        cursor.Skip(skip);
        return cursor;
    }
}
