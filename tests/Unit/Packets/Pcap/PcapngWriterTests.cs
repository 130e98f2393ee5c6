using VhostUser.Packets.Pcap;
using Xunit;

namespace VhostUser.Tests.Packets.Pcap;

/// <summary>What is written is what is read.</summary>
public class PcapngWriterTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_reads_as_it_was_written(bool bigEndian)
    {
        CaptureInterface[] interfaces =
        [
            new() { Name = "sw0", Description = "a back-end", SnapLength = 96, TimeResolution = 9 },
            new() { Name = "vm0, ä", TimeResolution = 9 },
        ];
        CapturedPacket[] packets =
        [
            new() { Time = 1_795_533_517_822_226_029, Data = new byte[] { 1, 2, 3 }, Length = 1500, Flags = CaptureFlags.Inbound, Queue = 1 },
            new() { Interface = 1, Time = long.MaxValue, Data = new byte[4], Length = 4, DropCount = 1L << 33, Comment = "left to the receiver" },
            new() { Interface = 1, Data = new byte[65550], Length = 65550, Flags = CaptureFlags.Outbound | CaptureFlags.ChecksumNotReady | CaptureFlags.SegmentationOffload, Queue = 0 },
        ];
        using var stream = new MemoryStream();
        var writer = new PcapngWriter(stream, bigEndian);
        writer.WriteSection("test", "Linux", "x64");
        foreach (CaptureInterface one in interfaces) writer.WriteInterface(one, "virtqueue");
        foreach (CapturedPacket packet in packets)
        {
            long before = writer.Length;
            writer.WritePacket(packet);
            Assert.Equal(PcapngWriter.SizeOf(packet), writer.Length - before);
        }
        writer.WriteStatistics(1, 5, 6, received: 12, dropped: 2, delivered: 10);
        writer.Flush();
        Assert.Equal(writer.Length, stream.Length);

        stream.Position = 0;
        using CaptureReader reader = CaptureReader.Open(stream, "test");
        List<CapturedPacket> read = PcapBytes.Read(reader);
        Assert.Equal(interfaces, reader.Interfaces);
        Assert.Equal(packets.Select(packet => packet.Data.ToArray()), read.Select(packet => packet.Data.ToArray()));
        Assert.Equal(packets.Select(packet => packet with { Data = default }), read.Select(packet => packet with { Data = default }));
    }

    [Fact]
    public void The_buffer_is_handed_over_before_it_grows_without_end()
    {
        using var stream = new MemoryStream();
        var writer = new PcapngWriter(stream);
        writer.WriteSection("test", "Linux", "x64");
        writer.WriteInterface(new CaptureInterface());
        var packet = new CapturedPacket { Data = new byte[1500], Length = 1500 };
        for (int i = 0; i < 1000; i++) writer.WritePacket(packet);
        Assert.InRange(writer.Length - stream.Length, 0, 300_000);
        Assert.InRange(stream.Length, 1_000_000, writer.Length);
    }
}
