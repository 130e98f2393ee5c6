using System.Text;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using Xunit;
using static VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Tests.Endpoints;

/// <summary>Our front-end against our back-end, over a real socket and real shared memory.</summary>
public sealed class LoopbackTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;

    private string SocketPath => System.IO.Path.Combine(_directory, "lab.sock");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(256, 64, 1, None, None)]
    [InlineData(256, 1500, 2, None, None)]
    [InlineData(32, 9000, 1, None, None)]
    [InlineData(256, 64, 1, RingPacked, None)]
    [InlineData(256, 1500, 2, RingPacked, None)]
    [InlineData(32, 9000, 1, RingPacked, None)]
    [InlineData(33, 9000, 2, RingPacked, InOrder)]       // no power of two: a lap ends in the middle of a chain
    [InlineData(100, 64, 1, RingPacked, EventIdx)]
    [InlineData(64, 1500, 1, RingPacked, MrgRxbuf | IndirectDesc)]
    [InlineData(2, 64, 1, RingPacked, None)]
    public void An_echo_server_returns_every_packet_unchanged(int queueSize, int length, int queuePairs, VirtioFeatures feature, VirtioFeatures without)
    {
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 64 << 20 });
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = SocketPath, Mode = ServerMode.Echo, QueuePairs = queuePairs });
        using (VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = SocketPath, Regions = [region], QueueSize = queueSize, QueuePairs = queuePairs, RequireFeatures = feature, ExcludeFeatures = without }))
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
            Assert.Equal(feature == RingPacked ? "Packed" : "Split", client.GetVringStates(1)[0].Layout);
            Assert.Equal(queueSize, server.GetVringStates(1, descriptors: true)[0].Descriptors.Length);
        }
        Assert.True(server.WaitFor([EndpointState.Listening], TimeSpan.FromSeconds(5)));
        Assert.Null(server.Snapshot().Fault);
    }

    [Theory]
    [InlineData(None, false)]
    [InlineData(RingPacked, false)]
    [InlineData(RingPacked, true)]
    public void A_source_server_fills_the_receive_ring_with_counted_packets(VirtioFeatures feature, bool poll)
    {
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 16 << 20 });
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = SocketPath, Mode = ServerMode.Source, PacketSize = 128, Poll = poll });
        using VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = SocketPath, Regions = [region], RequireFeatures = feature });
        var received = new List<ReceivedPacket>();
        while (received.Count < 5000) Assert.NotEqual(0, client.Receive(received, 0, 64, TimeSpan.FromSeconds(5), default));
        for (int i = 0; i < received.Count; i++)
        {
            Assert.Equal(128, received[i].Length);
            Assert.Equal((ulong)i, System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(received[i].Bytes.Span[42..]));
        }
    }

    [Theory]
    [InlineData(None)]
    [InlineData(RingPacked)]
    public void A_script_server_sends_what_its_handler_returns(VirtioFeatures feature)
    {
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 16 << 20 });
        using VhostServer server = VhostServer.Start(new VhostServerOptions
        {
            Name = "sw0", Path = SocketPath, Mode = ServerMode.Script,
            Handler = (queue, header, frame) => [frame, Encoding.ASCII.GetBytes("second answer, at least fourteen bytes")],
        });
        using VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = SocketPath, Regions = [region], RequireFeatures = feature });
        client.Send(PacketBuilder.Build(new PacketSpec()).Bytes.Span, 1, 1, 0, TimeSpan.FromSeconds(5), default);
        var received = new List<ReceivedPacket>();
        while (received.Count < 2) Assert.NotEqual(0, client.Receive(received, 0, 2, TimeSpan.FromSeconds(5), default));
        Assert.Equal("second answer, at least fourteen bytes", Encoding.ASCII.GetString(received[1].Bytes.Span));
    }
}
