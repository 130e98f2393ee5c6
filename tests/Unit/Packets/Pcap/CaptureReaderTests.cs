using VhostUser.Packets.Pcap;
using Xunit;

namespace VhostUser.Tests.Packets.Pcap;

/// <summary>Reading pcapng and pcap that others wrote.</summary>
public class CaptureReaderTests
{
    private static readonly byte[] s_four = [1, 2, 3, 4];

    [Theory]
    [InlineData(false, 0xA1B2C3D4, 5_000_007_000)] // microseconds
    [InlineData(true, 0xA1B2C3D4, 5_000_007_000)]
    [InlineData(false, 0xA1B23C4D, 5_000_000_007)] // nanoseconds
    [InlineData(true, 0xA1B23C4D, 5_000_000_007)]
    public void Pcap_of_both_orders_and_resolutions_is_read(bool bigEndian, long magic, long time)
    {
        byte[] file = new PcapBytes(bigEndian).U32(magic).U16(2, 4).U32(0, 0, 65535, 0x10000001).U32(5, 7, 4, 60).Raw(s_four).U32(6, 0, 0, 0).ToArray();
        using CaptureReader reader = CaptureReader.Open(new MemoryStream(file), "test");
        List<CapturedPacket> packets = PcapBytes.Read(reader);
        Assert.Equal((1, 65535u), (reader.Interfaces[0].LinkType, reader.Interfaces[0].SnapLength));
        Assert.Equal((time, 60u), (packets[0].Time, packets[0].Length));
        Assert.Equal(s_four, packets[0].Data.ToArray());
        Assert.Equal((2, 6_000_000_000), (packets.Count, packets[1].Time));
        Assert.Equal(file.Length, reader.Position);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Simple_and_obsolete_packets_are_read_and_unknown_blocks_stepped_over(bool bigEndian)
    {
        PcapBytes file = new PcapBytes(bigEndian).Section().Interface(snap: 3)
            .Block(0xBAD, body => body.Raw(s_four))
            .Block(Pcapng.SimplePacket, body => body.U32(9).Raw(s_four))
            .Block(Pcapng.PacketBlock, body => body.U16(0, 2).U32(0, 1_500_000, 4, 4).Raw(s_four))
            .Block(Pcapng.InterfaceStatistics, body => body.U32(0, 0, 0));
        List<CapturedPacket> packets = file.Read();
        Assert.Equal(2, packets.Count);
        Assert.Equal([1, 2, 3], packets[0].Data.ToArray());
        Assert.Equal(s_four, packets[1].Data.ToArray());
        Assert.Equal((9u, 2ul, 1_500_000_000L), (packets[0].Length, packets[1].DropCount, packets[1].Time));
    }

    [Fact]
    public void Sections_may_differ_in_byte_order_and_number_their_interfaces_anew()
    {
        byte[] first = new PcapBytes(false).Section().Interface().Interface().ToArray();
        byte[] second = new PcapBytes(true).Section().Interface(linkType: 113).Block(Pcapng.EnhancedPacket, body => body.U32(0, 0, 1, 4, 4).Raw(s_four)).ToArray();
        using CaptureReader reader = CaptureReader.Open(new MemoryStream([.. first, .. second]), "test");
        CapturedPacket packet = Assert.Single(PcapBytes.Read(reader));
        Assert.Equal((2, 113), (packet.Interface, reader.Interfaces[packet.Interface].LinkType));
    }

    [Theory]
    [InlineData(6, 0, 1_500_000ul, 1_500_000_000)]
    [InlineData(9, 0, 1_500ul, 1_500)]
    [InlineData(3, 0, 1_500ul, 1_500_000_000)]
    [InlineData(12, 0, 1_500_000ul, 1_500)]            // picoseconds
    [InlineData(0x80 | 10, 0, 1_536ul, 1_500_000_000)] // 2^-10 s
    [InlineData(9, 10, 1ul, 10_000_000_001)]
    [InlineData(0, 0, ulong.MaxValue, long.MaxValue)] // beyond what has a number
    [InlineData(0x7F, 0, ulong.MaxValue, 0)]
    [InlineData(6, -5, 0ul, -5_000_000_000)]
    public void Time_stamps_of_any_resolution_become_nanoseconds(int resolution, long offset, ulong stamp, long expected) =>
        Assert.Equal(expected, new CaptureInterface { TimeResolution = (byte)resolution, TimeOffset = offset }.ToNanoseconds(stamp));

    public static TheoryData<string, byte[]> Malformed => new()
    {
        { "is no capture", [] },
        { "is no capture", [1, 2, 3] },
        { "is no capture", "GIF89a  "u8.ToArray() },
        { "ends within its header", Little().U32(0xA1B2C3D4).ToArray() },
        { "ends in the middle", Little().U32(0xA1B2C3D4).U16(2, 4).ToArray() },
        { "version 9.4", Little().U32(0xA1B2C3D4).U16(9, 4).U32(0, 0, 0, 1).ToArray() },
        { "a packet of 4294967295 bytes", Little().U32(0xA1B2C3D4).U16(2, 4).U32(0, 0, 0, 1).U32(0, 0, -1, 0).ToArray() },
        { "ends in the middle", Little().U32(0xA1B2C3D4).U16(2, 4).U32(0, 0, 0, 1).U32(0, 0, 100, 100).Raw(s_four).ToArray() },
        { "byte order magic", Little().U32(0x0A0D0D0A, 28, 0x12345678).ToArray() },
        { "ends in the middle", Little().U32(0x0A0D0D0A, 28).ToArray() },
        { "a block of 12 bytes", Little().U32(0x0A0D0D0A, 12, 0x1A2B3C4D, 12).ToArray() },
        { "version 2.0", Little().Block(Pcapng.SectionHeader, body => body.U32(0x1A2B3C4D).U16(2, 0).U32(-1, -1)).ToArray() },
        { "a block of 11 bytes", Little().Section().U32(6, 11).ToArray() },
        { "a block of 14 bytes", Little().Section().U32(6, 14).ToArray() },
        { "a block of 4294967292 bytes", Little().Section().U32(6, -4).ToArray() },
        { "ends in the middle", Little().Section().U32(6, 16 << 20).Raw(s_four).ToArray() },
        { "at whose end stands 13", Little().Section().U32(0xBAD, 12, 13).ToArray() },
        { "whose body has 4 bytes", Little().Section().Block(Pcapng.InterfaceDescription, body => body.U32(1)).ToArray() },
        { "of interface 0; its section describes 0", Little().Section().Block(Pcapng.EnhancedPacket, body => body.U32(0, 0, 0, 0, 0)).ToArray() },
        { "of interface 7; its section describes 1", Little().Section().Interface().Block(Pcapng.EnhancedPacket, body => body.U32(7, 0, 0, 0, 0)).ToArray() },
        { "of interface 0; its section describes 0", Little().Section().Interface().Section().Block(Pcapng.EnhancedPacket, body => body.U32(0, 0, 0, 0, 0)).ToArray() },
        { "a packet of 5 bytes in a block with room for 4", Little().Section().Interface().Block(Pcapng.EnhancedPacket, body => body.U32(0, 0, 0, 5, 5).Raw(s_four)).ToArray() },
        { "a packet of 4294967295 bytes", Little().Section().Interface().Block(Pcapng.EnhancedPacket, body => body.U32(0, 0, 0, -1, 0)).ToArray() },
        { "a packet of 9 bytes in a block with room for 4", Little().Section().Interface().Block(Pcapng.SimplePacket, body => body.U32(9).Raw(s_four)).ToArray() },
        { "an option 2 of 200 bytes where 4 are left", Little().Section().Block(Pcapng.InterfaceDescription, body => body.U16(1, 0).U32(0).U16(2, 200).Raw(s_four)).ToArray() },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void A_malformed_file_is_a_typed_error_that_says_what_and_where(string complaint, byte[] file)
    {
        var error = Assert.Throws<VhostException>(() => PcapBytes.Read(file));
        Assert.Equal(VhostError.CaptureInvalid, error.Error);
        Assert.Contains(complaint, error.Message);
        Assert.Contains("at byte ", error.Message);
        Assert.NotNull(error.RecommendedAction);
    }

    [Fact]
    public void What_stands_before_the_mistake_is_read()
    {
        byte[] file = Little().Section().Interface().Block(Pcapng.EnhancedPacket, body => body.U32(0, 0, 0, 4, 4).Raw(s_four)).U32(6, 100).ToArray();
        using CaptureReader reader = CaptureReader.Open(new MemoryStream(file), "test");
        Assert.True(reader.TryRead(out CapturedPacket packet));
        Assert.Equal(s_four, packet.Data.ToArray());
        Assert.Throws<VhostException>(() => reader.TryRead(out _));
    }

    private static PcapBytes Little() => new(bigEndian: false);
}
