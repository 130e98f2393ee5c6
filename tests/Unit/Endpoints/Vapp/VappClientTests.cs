using System.Buffers.Binary;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using Xunit;

namespace VhostUser.Tests.Endpoints.Vapp;

/// <summary>Our client in the vapp profile against vapp's server.</summary>
public sealed class VappClientTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;
    private readonly SharedRegion[] _regions = [Region("vapp0", 49), Region("vapp1", 49)];

    private string SocketPath => System.IO.Path.Combine(_directory, "vapp.sock");

    public void Dispose()
    {
        foreach (SharedRegion region in _regions) region.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void Messages_come_in_vapps_order_with_the_addresses_last_and_no_SET_FEATURES()
    {
        using var server = new VappServerStandIn(SocketPath);
        using (VhostClient client = Connect())
        {
            Assert.Equal(10, client.Snapshot().HeaderLength);
            Assert.Equal(1528, client.Snapshot().BufferSize);
        }
        FrontEndRequest[] ring = [FrontEndRequest.SetVringNum, FrontEndRequest.SetVringBase, FrontEndRequest.SetVringKick, FrontEndRequest.SetVringCall, FrontEndRequest.SetVringAddr];
        FrontEndRequest[] expected =
        [
            FrontEndRequest.SetOwner, FrontEndRequest.GetFeatures, FrontEndRequest.SetMemTable, .. ring, .. ring,
            FrontEndRequest.GetFeatures, // the barrier: a kick before the addresses would be lost
            FrontEndRequest.GetVringBase, FrontEndRequest.GetVringBase,
        ];
        Assert.Equal(expected, server.Requests);
        Assert.Null(server.Failure);
    }

    [Theory]
    [InlineData(32767)]
    [InlineData(70_000)] // past 32768, where vapp's server would leave its table, and past 65536
    public void As_many_packets_as_wanted_go_each_way(int count)
    {
        using var server = new VappServerStandIn(SocketPath);
        using VhostClient client = Connect();
        var received = new List<ReceivedPacket>();
        for (int i = 0; i < count; i++)
        {
            byte[] frame = Frame(i, 60 + i % 200);
            client.Send(frame, 1, 1, 0, Bound, default);
            received.Clear();
            Assert.True(client.Receive(received, 0, 1, Bound, default) == 1, $"packet {i} did not come back: {server.Failure}");
            Assert.Equal(frame, received[0].Bytes.ToArray());
        }
        VhostClientInfo info = client.Snapshot();
        Assert.Equal(count, info.PacketsSent);
        Assert.Equal(count, info.PacketsReceived);
        Assert.Null(info.Fault);
        Assert.StartsWith("ok; reversed ring", client.GetVringStates(0)[0].Verdict, StringComparison.Ordinal);
        Assert.Null(server.Failure);
    }

    [Fact]
    public void The_longest_packet_is_1507_bytes_and_a_longer_one_is_refused()
    {
        using var server = new VappServerStandIn(SocketPath);
        using VhostClient client = Connect();
        Assert.Equal(1507, client.MaxPacket);
        var received = new List<ReceivedPacket>();
        client.Send(new byte[1507], 1, 1, 0, Bound, default);
        Assert.Equal(1, client.Receive(received, 0, 1, Bound, default));
        Assert.Equal(1507, received[0].Length);
        var refused = Assert.Throws<VhostException>(() => client.Send(new byte[1508], 1, 1, 0, Bound, default));
        Assert.Equal(VhostError.PacketTooLarge, refused.Error);
    }

    [Fact]
    public void Packets_are_held_back_before_their_answers_overrun_the_reversed_ring()
    {
        using var server = new VappServerStandIn(SocketPath);
        using VhostClient client = Connect();
        int sent = 0;
        for (; sent < VappRing.Size - 1; sent++)
        {
            client.Send(Frame(sent, 60), 1, 1, 0, Bound, default);
            Wait.Until(() => server.Answers.AvailableIndex == sent + 1, $"answer {sent}");
        }
        var full = Assert.Throws<VhostException>(() => client.Send(Frame(sent, 60), 1, 1, 0, TimeSpan.FromMilliseconds(50), default));
        Assert.Equal(VhostError.RingFull, full.Error);
        Assert.Contains("receive its packets first", full.Message, StringComparison.Ordinal);
        Assert.Null(server.Failure);

        var received = new List<ReceivedPacket>();
        while (received.Count < sent) Assert.NotEqual(0, client.Receive(received, 0, sent, Bound, default));
        Assert.Equal(1, client.Send(Frame(sent, 60), 1, 1, 0, Bound, default));
        Assert.Equal(1, client.Receive(received, 0, 1, Bound, default));
        Assert.Equal(Frame(sent, 60), received[^1].Bytes.ToArray());
        Assert.Null(server.Failure);
    }

    [Theory]
    [InlineData(40_000, 70, 0, "DescriptorIndexInvalid")]
    [InlineData(3, 1529, 0, "UsedElementInvalid")]
    [InlineData(3, 70, 1, "DescriptorFlagsInvalid")]
    [InlineData(3, 70, 4, "DescriptorFlagsInvalid")]
    public void A_server_that_breaks_the_rules_of_the_reversed_ring_ends_the_session(ushort id, uint length, ushort flags, string fault)
    {
        using var server = new VappServerStandIn(SocketPath);
        server.Misbehave = () => server.Answers.PutRaw(id, length, flags);
        using VhostClient client = Connect();
        client.Send(Frame(0, 60), 1, 1, 0, Bound, default);
        var error = Assert.Throws<VhostException>(() => client.Receive([], 0, 1, Bound, default));
        Assert.Equal(fault, error.Error.ToString());
        Assert.Equal(EndpointState.Faulted, client.State);
    }

    [Fact]
    public void A_server_that_uses_a_descriptor_twice_ends_the_session()
    {
        using var server = new VappServerStandIn(SocketPath);
        server.Misbehave = () =>
        {
            server.Answers.PutRaw(3, 70, 0);
            server.Answers.PutRaw(3, 70, 0);
        };
        using VhostClient client = Connect();
        client.Send(Frame(0, 60), 1, 1, 0, Bound, default);
        var error = Assert.Throws<VhostException>(() => client.Receive([], 0, 2, Bound, default));
        Assert.Equal(VhostError.DescriptorIndexInvalid, error.Error);
    }

    [Fact]
    public void Regions_and_rings_that_do_not_fit_are_refused_with_what_to_create()
    {
        using SharedRegion small = Region("small", 48);
        AssertRefused(VhostError.RegionTooSmall, Options() with { Regions = [_regions[0]] }, "1 region(s)");
        AssertRefused(VhostError.RegionTooSmall, Options() with { Regions = [_regions[0], small] }, "'small' has 50,331,648 bytes free");
        AssertRefused(VhostError.RingSizeInvalid, Options() with { QueueSize = 256 }, "QueueSize is 256");
        AssertRefused(VhostError.InvalidArgument, Options() with { QueuePairs = 2 }, "2 queue pairs", "-QueuePairs");

        static void AssertRefused(VhostError error, VhostClientOptions options, string says, string remedy = "Create two regions (New-VhostSharedRegion vapp0 -Size 49MB;")
        {
            var refused = Assert.Throws<VhostException>(() => VhostClient.Connect(options));
            Assert.Equal(error, refused.Error);
            Assert.Contains(says, refused.Message, StringComparison.Ordinal);
            Assert.Contains(remedy, refused.RecommendedAction, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Our_client_and_our_server_agree_on_the_profile()
    {
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = SocketPath, Mode = ServerMode.Echo, Profile = PeerProfile.Vapp });
        using VhostClient client = Connect();
        var received = new List<ReceivedPacket>();
        for (int i = 0; i < 1000; i++)
        {
            client.Send(Frame(i, 60), 1, 1, 0, Bound, default);
            Assert.Equal(1, client.Receive(received, 0, 1, Bound, default));
            Assert.Equal(Frame(i, 60), received[i].Bytes.ToArray());
        }
        Assert.Equal(32768, client.GetVringStates(0, descriptors: true)[0].Descriptors.Length);
        Assert.Equal(32768, server.GetVringStates(0, descriptors: true)[0].Descriptors.Length);
    }

    private static SharedRegion Region(string name, int mebibytes) => SharedRegion.Create(new SharedRegionOptions { Name = name, Size = (long)mebibytes << 20 });

    private static byte[] Frame(int number, int length)
    {
        byte[] frame = new byte[length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(14), number);
        frame[^1] = (byte)number;
        return frame;
    }

    private VhostClientOptions Options() => new() { Name = "vm0", Path = SocketPath, Regions = _regions, QueueSize = VappRing.Size, Profile = PeerProfile.Vapp };

    private VhostClient Connect() => VhostClient.Connect(Options());
}
