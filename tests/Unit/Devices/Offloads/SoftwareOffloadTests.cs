using System.Buffers.Binary;
using System.Net;
using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Rings;
using Xunit;

namespace VhostUser.Tests.Devices.Offloads;

/// <summary>Checksums completed and packets cut, read back by the frame decoder, which knows nothing of how they were made.</summary>
public unsafe class SoftwareOffloadTests
{
    private static readonly PacketSpec V4 = new() { Protocol = PacketProtocol.Tcp, Id = 65535, Sequence = uint.MaxValue - 1000 };
    private static readonly PacketSpec V6 = V4 with { Id = null, Source = IPAddress.Parse("fd00::1"), Destination = IPAddress.Parse("fd00::2") };

    [Theory]
    [InlineData(PacketProtocol.Tcp, 0)]
    [InlineData(PacketProtocol.Tcp, 1461)]
    [InlineData(PacketProtocol.Udp, 5)]
    public void A_checksum_left_to_the_device_is_completed(PacketProtocol protocol, int payload)
    {
        VhostPacket whole = PacketBuilder.Build(new() { Protocol = protocol, Payload = Random(payload) });
        VhostPacket done = Assert.Single(Run(whole, GsoType.None, 0));
        Assert.Equal(whole.ToHex(), done.ToHex());
    }

    [Fact]
    public void A_UDP_checksum_that_comes_out_as_zero_is_sent_as_all_ones()
    {
        int checksum = PacketBuilder.Build(new() { Payload = new byte[2] }).Find<UdpLayer>()!.Checksum;
        VhostPacket whole = PacketBuilder.Build(new() { Payload = new[] { (byte)(checksum >> 8), (byte)checksum } });
        Assert.Equal(0xFFFF, Assert.Single(Run(whole, GsoType.None, 0)).Find<UdpLayer>()!.Checksum);
    }

    [Theory]
    [InlineData(3000, 1000)]
    [InlineData(3001, 1000)]
    [InlineData(60000, 1448)]
    [InlineData(65000, 64)]
    [InlineData(1001, 1000)]
    public void TCP_is_cut_into_segments_with_sequence_numbers_lengths_and_checksums(int payload, int size)
    {
        foreach ((PacketSpec spec, byte type) in new[] { (V4, GsoType.TcpV4), (V6, GsoType.TcpV6), (V4 with { VlanId = 7 }, (byte)(GsoType.TcpV4 | GsoType.Ecn)) })
        {
            byte[] data = Random(payload);
            List<VhostPacket> segments = Run(PacketBuilder.Build(spec with { Payload = data, TcpFlags = TcpFlags.Ack | TcpFlags.Psh | TcpFlags.Fin | TcpFlags.Cwr }), type, size);
            Assert.Equal((payload + size - 1) / size, segments.Count);
            Assert.Equal(data, segments.SelectMany(segment => segment.Payload));
            for (int i = 0; i < segments.Count; i++)
            {
                TcpLayer tcp = segments[i].Find<TcpLayer>()!;
                bool last = i == segments.Count - 1;
                Assert.True(tcp.ChecksumValid);
                Assert.Equal(unchecked(spec.Sequence!.Value + (uint)(i * size)), tcp.Sequence);
                Assert.Equal(TcpFlags.Ack | (last ? TcpFlags.Psh | TcpFlags.Fin : 0) | (i == 0 ? TcpFlags.Cwr : 0), tcp.Flags);
                if (segments[i].Find<Ipv4Layer>() is not { } ip) continue;
                Assert.True(ip.ChecksumValid);
                Assert.Equal((ushort)(65535 + i), ip.Id);
                Assert.Equal(segments[i].Length - ip.Offset, ip.TotalLength);
            }
        }
    }

    [Fact]
    public void UDP_is_cut_into_datagrams_of_their_own()
    {
        foreach (PacketSpec address in new[] { V4, V6 })
        {
            byte[] data = Random(5000);
            List<VhostPacket> datagrams = Run(PacketBuilder.Build(address with { Protocol = PacketProtocol.Udp, Sequence = null, Payload = data }), GsoType.UdpL4, 1200);
            Assert.Equal([1200, 1200, 1200, 1200, 200], datagrams.Select(datagram => datagram.Payload.Length));
            Assert.Equal(data, datagrams.SelectMany(datagram => datagram.Payload));
            Assert.All(datagrams, datagram => Assert.True(datagram.Find<UdpLayer>()!.ChecksumValid));
        }
    }

    [Fact]
    public void A_UDP_datagram_is_cut_into_IPv4_fragments()
    {
        VhostPacket whole = PacketBuilder.Build(V4 with { Protocol = PacketProtocol.Udp, Sequence = null, Id = 77, Payload = Random(4000) });
        List<VhostPacket> fragments = Run(whole, GsoType.Udp, 1483); // rounded down to 1480
        Assert.Equal(3, fragments.Count);
        var datagram = new MemoryStream();
        foreach (VhostPacket fragment in fragments)
        {
            Ipv4Layer ip = fragment.Find<Ipv4Layer>()!;
            Assert.True(ip.ChecksumValid);
            Assert.Equal((77, datagram.Length, fragment != fragments[^1]), (ip.Id, ip.FragmentOffset, ip.MoreFragments));
            datagram.Write(fragment.Bytes.Span[(ip.Offset + ip.Length)..]);
        }
        Assert.Equal(whole.Bytes[34..].ToArray(), datagram.ToArray());
    }

    [Fact]
    public void A_UDP_datagram_is_cut_into_IPv6_fragments()
    {
        VhostPacket whole = PacketBuilder.Build(V6 with { Protocol = PacketProtocol.Udp, Sequence = null, Payload = Random(3000) });
        var unit = new SoftwareOffload();
        List<VhostPacket> fragments = Run(whole, GsoType.Udp, 1400, unit);
        var datagram = new MemoryStream();
        uint id = fragments[0].Find<Ipv6FragmentLayer>()!.Id;
        foreach (VhostPacket fragment in fragments)
        {
            Ipv6FragmentLayer layer = fragment.Find<Ipv6FragmentLayer>()!;
            Assert.Equal((FrameOffsets.Udp, datagram.Length, fragment != fragments[^1], id), (layer.NextHeader, layer.FragmentOffset, layer.MoreFragments, layer.Id));
            datagram.Write(fragment.Bytes.Span[(layer.Offset + layer.Length)..]);
        }
        Assert.Equal(whole.Bytes[54..].ToArray(), datagram.ToArray());
        Assert.NotEqual(id, Run(whole, GsoType.Udp, 1400, unit)[0].Find<Ipv6FragmentLayer>()!.Id);
    }

    [Fact]
    public void A_packet_that_fits_one_segment_stays_whole()
    {
        VhostPacket whole = PacketBuilder.Build(V4 with { Payload = Random(1000) });
        Assert.Equal(whole.ToHex(), Assert.Single(Run(whole, GsoType.TcpV4, 1000)).ToHex());
    }

    [Theory]
    [InlineData(GsoType.TcpV6, 1000, 34, 16)] // IPv4 inside
    [InlineData(GsoType.UdpL4, 1000, 34, 6)]  // TCP inside
    [InlineData(GsoType.Udp, 1000, 34, 16)]
    [InlineData(GsoType.TcpV4, 0, 34, 16)]
    [InlineData(GsoType.TcpV4, 1, 34, 16)]    // more than MaxSegments
    [InlineData(GsoType.TcpV4, 1000, 35, 16)]
    [InlineData(GsoType.TcpV4, 1000, 34, 17)]
    [InlineData(GsoType.TcpV4, 1000, 65535, 65535)]
    public void A_request_that_does_not_fit_the_packet_is_refused(byte type, int size, int start, int offset)
    {
        VhostPacket whole = PacketBuilder.Build(V4 with { Payload = Random(3000) });
        Assert.False(Begin(new SoftwareOffload(), whole.Bytes.ToArray(), Header(type, size, start, offset), out DropReason reason));
        Assert.Equal(DropReason.InvalidHeader, reason);
    }

    [Fact]
    public void Ten_thousand_spoilt_packets_are_cut_within_their_bounds_or_refused()
    {
        var random = new Random(7);
        var unit = new SoftwareOffload();
        byte[][] good = [.. new[] { V4, V6, V4 with { VlanId = 5 } }.Select(spec => PacketBuilder.Build(spec with { Payload = Random(2000) }).Bytes.ToArray())];
        int cut = 0;
        for (int round = 0; round < 10_000; round++)
        {
            byte[] frame = [.. good[round % good.Length].AsSpan(0, random.Next(2, 2054))];
            for (int flips = random.Next(4); flips > 0; flips--) frame[random.Next(Math.Min(frame.Length, 80))] = (byte)random.Next(256);
            NetHeader header = Header((byte)random.Next(6), random.Next(1, 2000), round % good.Length == 0 ? 34 : random.Next(30, 80), 16);
            if (!Begin(unit, frame, header, out _)) continue;
            for (; unit.Next(out PacketView piece); cut++) Assert.InRange((int)piece.Length, 1, frame.Length + 8);
        }
        Assert.True(cut > 1000, $"only {cut} pieces were made; the mutations are too wild to test anything");
    }

    private static List<VhostPacket> Run(VhostPacket whole, byte type, int size, SoftwareOffload? unit = null)
    {
        unit ??= new SoftwareOffload();
        byte[] frame = whole.Bytes.ToArray();
        TransportLayer transport = whole.Find<TransportLayer>()!;
        IpLayer ip = whole.Find<IpLayer>()!;
        // What a driver leaves in the field: the pseudo header's sum (virtio 1.3 §5.1.6.2).
        ushort pseudo = InternetChecksum.PseudoHeader(frame.AsSpan(ip.AddressOffset, 2 * ip.AddressLength), transport is TcpLayer ? FrameOffsets.Tcp : FrameOffsets.Udp, frame.Length - transport.Offset);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(transport.Offset + transport.ChecksumOffset), pseudo);
        Assert.True(Begin(unit, frame, Header(type, size, transport.Offset, transport.ChecksumOffset), out _));
        var pieces = new List<VhostPacket>();
        while (unit.Next(out PacketView piece))
        {
            byte[] copy = new byte[piece.Length];
            fixed (byte* target = copy) piece.CopyTo(target);
            pieces.Add(VhostPacket.FromBytes(copy));
        }
        return pieces;
    }

    private static bool Begin(SoftwareOffload unit, byte[] frame, NetHeader header, out DropReason reason)
    {
        fixed (byte* bytes = frame)
        {
            var segment = new Segment(bytes, (uint)frame.Length);
            return unit.TryBegin(new PacketView(&segment, 1, 0, (uint)frame.Length), header, out reason);
        }
    }

    private static NetHeader Header(byte type, int size, int start, int offset) => new()
    {
        Flags = NetHeader.NeedsCsum,
        GsoType = type,
        GsoSize = (ushort)size,
        ChecksumStart = (ushort)start,
        ChecksumOffset = (ushort)offset,
    };

    private static byte[] Random(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
