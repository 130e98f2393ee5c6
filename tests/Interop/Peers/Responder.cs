using System.Buffers.Binary;
using System.Net;
using VhostUser.Packets;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>A packet handler that plays a host: it answers ARP for one address, and pings.</summary>
internal sealed class Responder(IPAddress address)
{
    private const int IpStart = 14, EchoRequest = 8;
    private static readonly MacAddress s_mac = MacAddress.Parse("02:00:00:00:00:02");
    private readonly byte[] _address = address.GetAddressBytes();
    private int _pings;

    /// <summary>Gets the number of pings answered.</summary>
    public int Pings => Volatile.Read(ref _pings);

    /// <summary>Answers a packet, or not.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Handle(int queue, ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> frame)
    {
        byte[] reply = frame.ToArray();
        if (ArpResponder.TryBuildArpReply(frame.Span, s_mac, reply, out int length, address)) return [reply.AsMemory(0, length)];
        if (!IsPing(reply)) return [];
        reply.AsSpan(6, 6).CopyTo(reply);
        s_mac.CopyTo(reply.AsSpan(6));
        Span<byte> ip = reply.AsSpan(IpStart);
        ip.Slice(12, 4).CopyTo(ip[16..]);
        _address.CopyTo(ip[12..]);
        Span<byte> echo = ip[((ip[0] & 15) * 4)..];
        echo[0] = 0;
        // RFC 1624: the type fell by 8, so the sum of the words fell by 0x0800 and its complement rises by that, the carry added.
        int sum = BinaryPrimitives.ReadUInt16BigEndian(echo[2..]) + (EchoRequest << 8);
        BinaryPrimitives.WriteUInt16BigEndian(echo[2..], (ushort)(sum + (sum >> 16)));
        Interlocked.Increment(ref _pings);
        return [reply];
    }

    private bool IsPing(ReadOnlySpan<byte> frame) =>
        frame.Length >= IpStart + 28 && BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) == 0x0800 && frame[IpStart + 9] == 1
        && frame.Slice(IpStart + 16, 4).SequenceEqual(_address) && frame[IpStart + (frame[IpStart] & 15) * 4] == EchoRequest;
}
