using VhostUser.Commands;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Rings;
using Xunit;

namespace VhostUser.Tests.Commands;

/// <summary>The cmdlets of packets and rings on a live client and server.</summary>
public sealed class TrafficCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;
    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 16 << 20 });
    private readonly VhostServer _server;
    private readonly VhostClient _client;

    public TrafficCommandTests()
    {
        string path = Path.Combine(_directory, "lab.sock");
        _server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = path, Mode = ServerMode.Echo });
        _client = VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = path, Regions = [_region] });
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _region.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void New_packet_of_text_has_that_payload() =>
        Assert.Equal("hello", new CmdletRunner<NewVhostPacketCommand>().With(new { Udp = true, Payload = "hello" }).InParameterSet("Udp").Run().Single<VhostPacket>().PayloadText);

    [Fact]
    public void New_packet_refuses_a_field_that_the_protocol_lacks() =>
        Assert.Equal(["InvalidArgument"], new CmdletRunner<NewVhostPacketCommand>().With(new { TcpFlags = "Syn" }).InParameterSet("Udp").Run().ErrorIds);

    [Fact]
    public void Packets_sent_come_back_from_the_echo_server()
    {
        VhostPacket[] packets = [.. new PacketTemplate { Count = 3, Counter = PacketField.SourcePort }.Expand()];
        CmdletResult sent = Sender().With(new { PassThru = true }).RunOver(packets);
        Assert.Equal(packets, sent.Output);
        CmdletResult received = new CmdletRunner<ReceiveVringPacketCommand>().With(new { Client = _client, Count = 3L }).Run();
        Assert.Equal(packets.Select(packet => packet.ToHex()), received.Output.Cast<ReceivedPacket>().Select(packet => packet.ToHex()));
        Assert.Empty(received.Errors);
    }

    [Fact]
    public void Single_bytes_make_one_packet_at_the_end()
    {
        byte[] frame = [.. Enumerable.Range(0, 60).Select(i => (byte)i)];
        Assert.Empty(Sender().RunOver([.. frame.Cast<object>()]).Errors);
        CmdletResult received = new CmdletRunner<ReceiveVringPacketCommand>().With(new { Client = _client, Count = 1L }).Run();
        Assert.Equal(frame, received.Single<ReceivedPacket>().Bytes.ToArray());
    }

    [Fact]
    public void What_is_no_packet_is_an_error_and_the_next_is_sent()
    {
        CmdletResult result = Sender().With(new { PassThru = true }).RunOver(3.5, "no hex", "ffffffffffff020000000001ffff");
        Assert.Equal(["PacketInvalid", "PacketInvalid"], result.ErrorIds);
        Assert.Equal(14, result.Single<VhostPacket>().Length);
    }

    [Fact]
    public void A_ring_that_is_no_transmit_ring_ends_the_pipeline() =>
        Assert.Equal("RingIndexInvalid", Sender().With(new { Queue = 0 }).RunOver("ffff", "ffff").TerminatingErrorId);

    [Fact]
    public void Too_few_packets_are_a_timeout_with_the_rings_verdict()
    {
        CmdletResult result = new CmdletRunner<ReceiveVringPacketCommand>().With(new { Client = _client, Count = 2L, Timeout = 0.05 }).Run();
        Assert.Equal(["PeerTimeout"], result.ErrorIds);
        Assert.Contains("0 of 2 packets came on ring 0", result.Errors[0].Exception.Message);
        Assert.Contains("the back-end has sent nothing yet", result.Errors[0].Exception.Message);
    }

    [Fact]
    public void Receiving_stops_when_the_pipeline_does()
    {
        RunningCmdlet running = new CmdletRunner<ReceiveVringPacketCommand>().With(new { Client = _client, Count = 1L, Timeout = 60 }).Start();
        Assert.True(running.Stop().Result(TimeSpan.FromSeconds(5)).Stopped);
    }

    [Fact]
    public void Measuring_tells_progress_and_sees_what_was_sent()
    {
        RunningCmdlet running = new CmdletRunner<MeasureVringThroughputCommand>()
            .With(new { InputObject = new System.Management.Automation.PSObject(_client), Duration = 1.5 }).InParameterSet("Any").Start();
        running.WaitFor(result => result.Progress.Count > 0);
        _client.Send(new byte[60], 1, 10, 0, TimeSpan.FromSeconds(5), default);
        var measured = running.Result().Single<VringThroughput>();
        Assert.Equal(10, measured.PacketsSent);
        Assert.Equal(600, measured.BytesSent);
        Assert.InRange(measured.Duration.TotalSeconds, 1.4, 9);
    }

    [Fact]
    public void A_comparison_puts_the_baseline_last_and_draws_both()
    {
        string chart = Path.GetTempFileName();
        try
        {
            CmdletResult result = new CmdletRunner<MeasureVringThroughputCommand>().With(new
            {
                InputObject = new System.Management.Automation.PSObject(_client), Compare = new System.Management.Automation.PSObject(_server), Duration = 0.1, ChartPath = chart,
            }).InParameterSet("Any").Run();
            Assert.Equal([(_client.Name, false), (_server.Name, true)], result.Output.Cast<VringComparison>().Select(row => (row.Owner, row.IsBaseline)));
            Assert.StartsWith("<svg", File.ReadAllText(chart), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(chart);
        }
    }

    [Fact]
    public void A_chart_without_a_comparison_is_refused()
    {
        CmdletResult result = new CmdletRunner<MeasureVringThroughputCommand>()
            .With(new { InputObject = new System.Management.Automation.PSObject(_client), ChartPath = "/nowhere.svg" }).InParameterSet("Any").Run();
        Assert.Equal("InvalidArgument", result.TerminatingErrorId);
    }

    [Fact]
    public void States_of_a_live_server_come_one_per_ring()
    {
        CmdletResult result = new CmdletRunner<GetVringStateCommand>()
            .With(new { InputObject = new System.Management.Automation.PSObject(_server) }).InParameterSet("Any").Run();
        Assert.Equal([0, 1], result.Output.Cast<VringState>().Select(ring => ring.Queue));
    }

    private CmdletRunner<SendVringPacketCommand> Sender() => new CmdletRunner<SendVringPacketCommand>().With(new { Client = _client }).InParameterSet("Packet");
}
