using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Packets.Pcap;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>Captures in the hands of Wireshark's programs: they read what is written here, and what they write is read here.</summary>
public sealed class CaptureInteropTests : IDisposable
{
    private readonly SocketFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [PeerTheory(Programs.Tshark)]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_written_in_either_byte_order_is_what_tshark_reads(bool bigEndian)
    {
        string file = _folder.File("a.pcapng");
        byte[] frame = PacketBuilder.Build(new PacketSpec { PayloadText = "hello" }).Bytes.ToArray();
        using (FileStream stream = File.Create(file))
        {
            var writer = new PcapngWriter(stream, bigEndian);
            writer.WriteSection("test", "Linux", "x64");
            writer.WriteInterface(new CaptureInterface { Name = "sw0", Description = "a back-end" });
            writer.WriteInterface(new CaptureInterface { Name = "vm0" });
            writer.WritePacket(new CapturedPacket { Time = 1_700_000_000_123_456_789, Data = frame, Length = (uint)frame.Length, Flags = CaptureFlags.Inbound, Queue = 3 });
            writer.WritePacket(new CapturedPacket { Interface = 1, Time = 1_700_000_001_000_000_001, Data = frame.AsMemory(0, 42), Length = (uint)frame.Length, Flags = CaptureFlags.Outbound | CaptureFlags.ChecksumNotReady, Queue = 1, DropCount = 5, Comment = "left to the receiver" });
            writer.WriteStatistics(0, 1, 2, 10, 5, 5);
            writer.Flush();
        }
        Assert.Equal(
            [
                "1700000000.123456789|sw0|0x00000001|3||13|" + frame.Length,
                $"1700000001.000000001|vm0|0x00000202|1|left to the receiver|13|{frame.Length}",
            ],
            Rows(Tshark(file, "frame.time_epoch", "frame.interface_name", "frame.packet_flags", "frame.interface_queue", "frame.comment", "udp.length", "frame.len")));
    }

    [PeerTheory(Programs.Tshark)]
    [InlineData("pcapng")]
    [InlineData("pcap")]
    [InlineData("nsecpcap")]
    [InlineData("modpcap")] // a relative of pcap with larger records: refused, or read to its end
    public void What_editcap_writes_is_read_or_refused(string format)
    {
        byte[][] frames = [.. Enumerable.Range(1, 20).Select(i => PacketBuilder.Build(new PacketSpec { Length = 60 + i }).Bytes.ToArray())];
        PcapFile.Write(_folder.File("in.pcap"), frames);
        Programs.Filter(["editcap", "-F", format, _folder.File("in.pcap"), _folder.File("out")], []);
        if (format == "modpcap")
        {
            Assert.Equal(VhostError.CaptureInvalid, Assert.Throws<VhostException>(() => CaptureReader.Open(_folder.File("out"))).Error);
            return;
        }
        using CaptureReader reader = CaptureReader.Open(_folder.File("out"));
        var read = new List<byte[]>();
        while (reader.TryRead(out CapturedPacket packet)) read.Add(packet.Data.ToArray());
        Assert.Equal(frames, read);
    }

    [PeerFact(Programs.Tshark)]
    public void A_capture_of_a_link_is_in_strict_time_order_and_whole()
    {
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 32 << 20 });
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = _folder.Socket, Mode = ServerMode.Echo });
        using VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = _folder.Socket, Regions = [region] });
        using VhostCapture capture = VhostCapture.Start(new VhostCaptureOptions { Name = "cap0", Path = _folder.File("a.pcapng"), Sources = [CaptureSource.Of(server), CaptureSource.Of(client)] });
        VhostPathResult path = VhostPath.Test(new VhostPathOptions { From = client, To = client, Duration = TimeSpan.FromSeconds(1), Rate = 5000, Patience = TimeSpan.FromSeconds(5) }, default);
        capture.Dispose();
        Assert.Equal((0, 0), (path.Lost, capture.Snapshot().Dropped));
        Assert.Equal(4 * path.Sent, Rows(Tshark(_folder.File("a.pcapng"), "frame.number")).Length);
        string info = Text(Programs.Filter(["capinfos", "-o", "-c", _folder.File("a.pcapng")], []));
        Assert.Contains("Strict time order:   True", info);
    }

    [TapFact]
    public void A_tap_port_of_a_bridge_is_captured_both_ways()
    {
        string tap = HostNetwork.NewTapName();
        using var network = new HostNetwork();
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = _folder.Socket });
        using VhostBridge bridge = VhostBridge.Create(new VhostBridgeOptions { Name = "br0" });
        bridge.AddServer(server);
        bridge.AddTap(tap);
        network.Attach(tap, "198.18.9.1/24");
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 32 << 20 });
        using VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = _folder.Socket, Regions = [region] });
        using (VhostCapture.Start(new VhostCaptureOptions { Name = "cap0", Path = _folder.File("a.pcapng"), Sources = CaptureSource.Of(bridge, [tap]) }))
        {
            VhostPacket ask = PacketBuilder.Build(new PacketSpec { Protocol = PacketProtocol.Arp, Source = System.Net.IPAddress.Parse("198.18.9.2"), Destination = System.Net.IPAddress.Parse("198.18.9.1") });
            client.Send(ask.Bytes.Span, 1, 1, 0, TimeSpan.FromSeconds(5), default);
            var received = new List<ReceivedPacket>();
            // The kernel has other things to say too.
            while (!received.Exists(packet => packet.Protocol == "ARP")) Assert.NotEqual(0, client.Receive(received, 0, 64, TimeSpan.FromSeconds(10), default));
        }
        using CaptureReader reader = CaptureReader.Open(_folder.File("a.pcapng"));
        var arp = new List<CaptureFlags>();
        while (reader.TryRead(out CapturedPacket packet))
        {
            if (packet.Data.Length > 14 && packet.Data.Span[12] == 8 && packet.Data.Span[13] == 6) arp.Add(packet.Flags & (CaptureFlags.Inbound | CaptureFlags.Outbound));
        }
        Assert.Equal(tap, Assert.Single(reader.Interfaces).Name);
        Assert.Equal([CaptureFlags.Outbound, CaptureFlags.Inbound], arp.Take(2));
    }

    private static byte[] Tshark(string file, params string[] fields) =>
        Programs.Filter(["tshark", "-r", file, "-T", "fields", "-E", "separator=|", .. fields.SelectMany(field => new[] { "-e", field })], []);

    private static string[] Rows(byte[] output) => Text(output).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Text(byte[] output) => System.Text.Encoding.UTF8.GetString(output);
}
