using System.Buffers.Binary;
using System.Runtime.InteropServices;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Rings;

namespace VhostUser.Devices.Net.Offloads;

/// <summary>
/// Does in software what a header leaves to the device, for a receiver that can't: completes the checksum, cuts TCP and UDP into
/// segments (TSO, USO) or fragments (UFO). <see cref="TryBegin"/> takes a private copy of the packet, <see cref="Next"/> hands out
/// one finished frame after the other. Used by one thread; nothing is allocated per packet.
/// </summary>
internal sealed unsafe class SoftwareOffload
{
    /// <summary>A packet of the greatest length in more pieces than this is an attack on the receiver's CPU, not traffic.</summary>
    public const int MaxSegments = 1024;

    private const int FragmentHeaderLength = 8;
    private const byte FragmentHeader = 44;
    private const ushort MoreFragments = 0x2000;
    private const byte Fin = 0x01, Psh = 0x08, Cwr = 0x80;

    private readonly byte[] _packet = GC.AllocateUninitializedArray<byte>((int)TransmitReader.MaxPacket, pinned: true);
    private readonly byte[] _piece = GC.AllocateUninitializedArray<byte>((int)TransmitReader.MaxPacket + FragmentHeaderLength, pinned: true);
    private readonly Segment[] _view = GC.AllocateArray<Segment>(1, pinned: true);
    private FrameOffsets _at;
    private int _length;
    private int _size;      // payload bytes per piece; 0 for a packet that stays whole
    private int _position;  // payload bytes handed out
    private int _pieces;
    private bool _fragments;
    private uint _fragmentId;

    /// <summary>Takes a packet and what is to be done with it; false with the reason when the headers do not fit the request.</summary>
    public bool TryBegin(in PacketView packet, in NetHeader header, out DropReason reason)
    {
        reason = DropReason.InvalidHeader;
        _length = (int)packet.Length;
        _position = _pieces = _size = 0;
        if ((uint)_length > TransmitReader.MaxPacket) return false;
        packet.CopyTo((byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_packet, 0));
        if (header.GsoType == GsoType.None) return (header.Flags & NetHeader.NeedsCsum) == 0 || InternetChecksum.Complete(_packet.AsSpan(0, _length), header.ChecksumStart, header.ChecksumOffset);
        return TryPrepare(header);
    }

    /// <summary>The next finished frame, valid until the next call; false after the last.</summary>
    public bool Next(out PacketView frame)
    {
        int start = _at.Payload;
        if (_size == 0)
        {
            frame = View(_packet, _length);
            return _pieces++ == 0;
        }
        if (_fragments) start = _at.Transport;
        int left = _length - start - _position;
        if (left == 0)
        {
            frame = default;
            return false;
        }
        int part = Math.Min(left, _size);
        int length = _fragments ? WriteFragment(part, last: part == left) : WriteSegment(part, last: part == left);
        _position += part;
        _pieces++;
        frame = View(_piece, length);
        return true;
    }

    private bool TryPrepare(in NetHeader header)
    {
        Span<byte> frame = _packet.AsSpan(0, _length);
        byte type = (byte)(header.GsoType & ~GsoType.Ecn);
        if (!FrameOffsets.TryFind(frame, out _at) || header.ChecksumStart != _at.Transport || header.GsoSize == 0) return false;
        bool tcp = type is GsoType.TcpV4 or GsoType.TcpV6;
        if (_at.Protocol != (tcp ? FrameOffsets.Tcp : FrameOffsets.Udp) || header.ChecksumOffset != ChecksumOffset) return false;
        if (tcp && _at.IsIpv6 != (type == GsoType.TcpV6)) return false;
        _fragments = type == GsoType.Udp;
        int payload = _length - (_fragments ? _at.Transport : _at.Payload);
        // A packet of one piece is made like any other piece: DPDK leaves the length out of the pseudo header's sum of what is to be cut.
        if (payload <= header.GsoSize && (_fragments || payload == 0)) return InternetChecksum.Complete(frame, header.ChecksumStart, header.ChecksumOffset); // whole, in one piece
        // A fragment's length is a multiple of 8, but for the last (RFC 791 §3.2).
        _size = _fragments ? header.GsoSize & ~7 : header.GsoSize;
        if (_size == 0 || payload / _size >= MaxSegments) return false;
        if (!_fragments) return true;
        _fragmentId++;
        return InternetChecksum.Complete(frame, header.ChecksumStart, header.ChecksumOffset);
    }

    private int ChecksumOffset => _at.Protocol == FrameOffsets.Tcp ? 16 : 6;

    // RFC 9293: sequence numbers go on, FIN and PSH belong to the last segment, CWR to the first (RFC 3168 §6.1.2).
    private int WriteSegment(int part, bool last)
    {
        int length = _at.Payload + part;
        Span<byte> piece = _piece.AsSpan(0, length);
        _packet.AsSpan(0, _at.Payload).CopyTo(piece);
        _packet.AsSpan(_at.Payload + _position, part).CopyTo(piece[_at.Payload..]);
        SetIpLength(piece, identificationStep: _pieces);
        Span<byte> transport = piece[_at.Transport..];
        if (_at.Protocol == FrameOffsets.Tcp)
        {
            BinaryPrimitives.WriteUInt32BigEndian(transport[4..], BinaryPrimitives.ReadUInt32BigEndian(transport[4..]) + (uint)_position);
            if (!last) transport[13] &= unchecked((byte)~(Fin | Psh));
            if (_pieces > 0) transport[13] &= unchecked((byte)~Cwr);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[4..], (ushort)transport.Length);
        }
        BinaryPrimitives.WriteUInt16BigEndian(transport[ChecksumOffset..], 0);
        ReadOnlySpan<byte> addresses = _at.IsIpv6 ? piece.Slice(_at.Ip + 8, 32) : piece.Slice(_at.Ip + 12, 8);
        ushort checksum = InternetChecksum.Compute(transport, InternetChecksum.PseudoHeader(addresses, _at.Protocol, transport.Length));
        BinaryPrimitives.WriteUInt16BigEndian(transport[ChecksumOffset..], checksum == 0 ? (ushort)0xFFFF : checksum);
        return length;
    }

    private int WriteFragment(int part, bool last)
    {
        int headers = _at.Transport + (_at.IsIpv6 ? FragmentHeaderLength : 0);
        Span<byte> piece = _piece.AsSpan(0, headers + part);
        _packet.AsSpan(0, _at.Transport).CopyTo(piece);
        _packet.AsSpan(_at.Transport + _position, part).CopyTo(piece[headers..]);
        if (_at.IsIpv6)
        {
            // RFC 8200 §4.5: the fragment header stands behind the headers that every fragment repeats.
            Span<byte> fragment = piece.Slice(_at.Transport, FragmentHeaderLength);
            fragment[0] = _at.Protocol;
            fragment[1] = 0;
            BinaryPrimitives.WriteUInt16BigEndian(fragment[2..], (ushort)(_position | (last ? 0 : 1)));
            BinaryPrimitives.WriteUInt32BigEndian(fragment[4..], _fragmentId);
            piece[_at.NextHeaderField] = FragmentHeader;
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(piece[(_at.Ip + 6)..], (ushort)(_position / 8 | (last ? 0 : MoreFragments)));
        }
        SetIpLength(piece, identificationStep: 0);
        return piece.Length;
    }

    private void SetIpLength(Span<byte> piece, int identificationStep)
    {
        Span<byte> ip = piece[_at.Ip..];
        if (_at.IsIpv6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(ip.Length - 40));
            return;
        }
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)ip.Length);
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(BinaryPrimitives.ReadUInt16BigEndian(ip[4..]) + identificationStep));
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Compute(ip[..(_at.Transport - _at.Ip)]));
    }

    private PacketView View(byte[] bytes, int length)
    {
        _view[0] = new Segment((byte*)Marshal.UnsafeAddrOfPinnedArrayElement(bytes, 0), (uint)length);
        return new PacketView((Segment*)Marshal.UnsafeAddrOfPinnedArrayElement(_view, 0), 1, 0, (uint)length);
    }
}
