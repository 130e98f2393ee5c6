using System.Text;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using Xunit;

namespace VhostUser.Tests.Endpoints;

/// <summary>Our front-end against our back-end, over a real socket and real shared memory.</summary>
public sealed class LoopbackTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;

    private string SocketPath => System.IO.Path.Combine(_directory, "lab.sock");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(ServerMode.Echo, 256, 64, 1)]
    [InlineData(ServerMode.Echo, 256, 1500, 2)]
    [InlineData(ServerMode.Echo, 32, 9000, 1)]
    public void An_echo_server_returns_every_packet_unchanged(ServerMode mode, int queueSize, int length, int queuePairs)
    {
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 64 << 20 });
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = SocketPath, Mode = mode, QueuePairs = queuePairs });
        using (VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = SocketPath, Regions = [region], QueueSize = queueSize, QueuePairs = queuePairs }))
        {
            var received = new List<ReceivedPacket>();
            for (int i = 0; i < 1000; i++)
            {
                int queue = i % queuePairs * 2;
                VhostPacket packet = PacketBuilder.Build(new PacketSpec { PayloadText = "packet " + i, Length = length });
                Assert.Equal(1, client.Send(packet.Bytes.Span, queue + 1, 1, 0, TimeSpan.FromSeconds(5), default));
                received.Clear();
                Assert.Equal(1, client.Receive(received, queue, 1, TimeSpan.FromSeconds(5), default));
                Assert.Equal(packet.Bytes.ToArray(), received[0].Bytes.ToArray());
            }
            VhostServerInfo info = server.Snapshot();
            Assert.Equal(EndpointState.Running, info.State);
            Assert.Equal(1000, info.PacketsReceived);
            Assert.Equal(1000, info.PacketsSent);
            Assert.Equal(Environment.ProcessId, info.PeerProcessId);
            Assert.Equal("ok", client.GetVringStates(0)[0].Verdict);
            Assert.Equal(queueSize, server.GetVringStates(1, descriptors: true)[0].Descriptors.Length);
        }
        Assert.True(server.WaitFor([EndpointState.Listening], TimeSpan.FromSeconds(5)));
        Assert.Null(server.Snapshot().Fault);
    }

    [Fact]
    public void A_source_server_fills_the_receive_ring_with_counted_packets()
    {
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 16 << 20 });
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = SocketPath, Mode = ServerMode.Source, PacketSize = 128 });
        using VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = SocketPath, Regions = [region] });
        var received = new List<ReceivedPacket>();
        while (received.Count < 5000) Assert.NotEqual(0, client.Receive(received, 0, 64, TimeSpan.FromSeconds(5), default));
        for (int i = 0; i < received.Count; i++)
        {
            Assert.Equal(128, received[i].Length);
            Assert.Equal((ulong)i, System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(received[i].Bytes.Span[42..]));
        }
    }

    [Fact]
    public void A_script_server_sends_what_its_handler_returns()
    {
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 16 << 20 });
        using VhostServer server = VhostServer.Start(new VhostServerOptions
        {
            Name = "sw0", Path = SocketPath, Mode = ServerMode.Script,
            Handler = (queue, header, frame) => [frame, Encoding.ASCII.GetBytes("second answer, at least fourteen bytes")],
        });
        using VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = SocketPath, Regions = [region] });
        client.Send(PacketBuilder.Build(new PacketSpec()).Bytes.Span, 1, 1, 0, TimeSpan.FromSeconds(5), default);
        var received = new List<ReceivedPacket>();
        while (received.Count < 2) Assert.NotEqual(0, client.Receive(received, 0, 2, TimeSpan.FromSeconds(5), default));
        Assert.Equal("second answer, at least fourteen bytes", Encoding.ASCII.GetString(received[1].Bytes.Span));
    }
}
