using System.Buffers.Binary;
using VhostUser.Packets;
using Xunit;

namespace VhostUser.Tests.Packets;

public class ReceivedPacketTests
{
    private static readonly DateTimeOffset Time = new(2024, 5, 6, 7, 8, 9, TimeSpan.Zero);

    [Fact]
    public void Header_fields_are_little_endian_and_depend_on_its_size()
    {
        byte[] header = [0x01, 0x81, 0x36, 0x00, 0xB4, 0x05, 0x22, 0x00, 0x10, 0x00, 0x02, 0x00, 4, 3, 2, 1, 7, 0, 0, 0];
        Assert.Equal(
            new NetHeaderInfo(NetHeaderFlags.NeedsCsum, "TCPv4+ECN", 54, 1460, 34, 16, null, null, null, 10),
            NetHeaderInfo.Parse(header.AsSpan(0, 10)));
        Assert.Equal(
            new NetHeaderInfo(NetHeaderFlags.NeedsCsum, "TCPv4+ECN", 54, 1460, 34, 16, 2, null, null, 12),
            NetHeaderInfo.Parse(header.AsSpan(0, 12)));
        Assert.Equal(
            new NetHeaderInfo(NetHeaderFlags.NeedsCsum, "TCPv4+ECN", 54, 1460, 34, 16, 2, 0x01020304, 7, 20),
            NetHeaderInfo.Parse(header));
    }

    [Theory]
    [InlineData(0, "None")]
    [InlineData(3, "UDP")]
    [InlineData(4, "TCPv6")]
    [InlineData(5, "UDP_L4")]
    [InlineData(0x42, "0x42")]
    public void Gso_type_is_told_by_name(byte type, string name) =>
        Assert.Equal(name, NetHeaderInfo.Parse([0, type, 0, 0, 0, 0, 0, 0, 0, 0]).GsoType);

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    [InlineData(24)]
    public void Header_of_another_size_is_refused(int size)
    {
        var error = Assert.Throws<ArgumentException>(() => NetHeaderInfo.Parse(new byte[size]));
        Assert.Contains($"expected 10, 12 or 20 bytes, got {size}", error.Message);
    }

    [Fact]
    public void Packet_tells_queue_time_and_frame_and_keeps_its_own_copy()
    {
        byte[] frame = VhostPacket.FromHex(Captures.PingReply).Bytes.ToArray();
        var packet = new ReceivedPacket(new byte[12], frame, 2, Time);
        Array.Clear(frame);
        Assert.Equal((2, Time, 12), (packet.Queue, packet.Timestamp, packet.NetHeader.Size));
        Assert.Equal("IPv4 10.0.0.2 > 10.0.0.1 ICMP echo reply id 77 seq 1 8 bytes", packet.Summary);
        Assert.False(packet.NeedsChecksum);
    }

    [Fact]
    public void Checksum_left_to_the_receiver_is_not_called_wrong_and_can_be_completed()
    {
        VhostPacket wanted = VhostPacket.FromHex(Captures.DnsQuery);
        byte[] frame = wanted.Bytes.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(40), InternetChecksum.PseudoHeader(frame.AsSpan(26, 8), 17, 37));
        var plain = new ReceivedPacket(new byte[12], frame, 0, Time);
        var offloaded = new ReceivedPacket([1, 0, 0, 0, 0, 0, 34, 0, 6, 0, 1, 0], frame, 0, Time);
        Assert.False(plain.ChecksumsValid);
        Assert.True(offloaded.ChecksumsValid);
        Assert.Null(offloaded.Find<UdpLayer>()!.ChecksumValid);
        Assert.Equal(wanted.ToHex(), offloaded.CompleteChecksum().ToHex());
        Assert.Equal(plain.ToHex(), plain.CompleteChecksum().ToHex());
    }

    [Fact]
    public void Checksum_place_outside_the_frame_is_an_error_that_shows_the_header()
    {
        var packet = new ReceivedPacket([1, 0, 0, 0, 0, 0, 0xFF, 0xFF, 6, 0], new byte[60], 0, Time);
        var error = Assert.Throws<InvalidOperationException>(packet.CompleteChecksum);
        Assert.Contains("60 bytes, got csum_start 65535 and csum_offset 6", error.Message);
    }
}
