using System.Buffers.Binary;
using VhostUser.Endpoints;
using Xunit;

namespace VhostUser.Tests.Endpoints.Vapp;

/// <summary>Our server in the vapp profile against vapp's client.</summary>
public sealed class VappServerTests : IDisposable
{
    private const int WrapLimit = 32767;
    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;

    private string SocketPath => System.IO.Path.Combine(_directory, "vapp.sock");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Echo_returns_32767_packets_to_vapps_client_without_SET_FEATURES_and_with_a_header_of_10_bytes()
    {
        using VhostServer server = Start(ServerMode.Echo);
        using var client = new VappClientStandIn(SocketPath);
        Assert.Equal(0ul, client.Features);
        ExchangeUpToTheWrap(client);
        VhostServerInfo info = server.Snapshot();
        Assert.Equal(10, info.HeaderLength);
        Assert.Equal(EndpointState.Running, info.State);
        Assert.Null(info.Fault);
        Assert.Equal(WrapLimit, info.PacketsReceived);
        Assert.Equal(WrapLimit, info.PacketsSent);
        Assert.StartsWith("ok; reversed ring", server.GetVringStates(0)[0].Verdict, StringComparison.Ordinal);
        Assert.Equal(WrapLimit, server.GetVringStates(1)[0].UsedIndex);
    }

    [Fact]
    public void The_session_ends_with_a_named_fault_before_the_wrap_hangs_vapps_client_and_the_next_one_is_served()
    {
        using VhostServer server = Start(ServerMode.Echo);
        using (var client = new VappClientStandIn(SocketPath))
        {
            ExchangeUpToTheWrap(client);
            Assert.True(client.Send(Frame(WrapLimit)));
            Wait.Until(() => client.IsClosed, "the end of the session");
            client.Rings[1].TakeBack();
            Assert.Null(client.Rings[1].Broken);
        }
        Wait.Until(() => server.Snapshot().Fault is not null, "the fault");
        VhostServerInfo info = server.Snapshot();
        Assert.Equal("PeerDefect", info.FaultId);
        Assert.Contains("vapp's 32768 wrap", info.Fault, StringComparison.Ordinal);
        Assert.Equal(EndpointState.Listening, info.State);
        using var next = new VappClientStandIn(SocketPath);
        Exchange(next, 0, 10);
    }

    [Fact]
    public void Without_the_guard_the_stand_in_hangs_as_vapp_does()
    {
        // Checks the check: a used index of 32768 is what the guard keeps from vapp.
        using VhostServer server = Start(ServerMode.Sink);
        using var client = new VappClientStandIn(SocketPath);
        for (int i = 0; i < WrapLimit; i++) Assert.True(client.Send(Frame(i)));
        Wait.Until(() => client.Rings[1].UsedIndex == WrapLimit, "the last used packet");
        client.Rings[1].TakeBack();
        Assert.Null(client.Rings[1].Broken);
        client.Rings[1].SetUsedIndex(32768);
        client.Rings[1].TakeBack();
        Assert.NotNull(client.Rings[1].Broken);
    }

    [Fact]
    public void The_reversed_ring_takes_descriptors_back_and_so_has_no_end()
    {
        const int Packets = 70_000; // past 32768, where vapp's own server leaves its table, and past 65536
        using VhostServer server = Start(ServerMode.Source);
        using var client = new VappClientStandIn(SocketPath);
        ulong expected = 0;
        while (expected < Packets)
        {
            List<byte[]> frames = [];
            Wait.Until(() => (frames = client.Receive()).Count > 0, $"packet {expected}");
            foreach (byte[] frame in frames) Assert.Equal(expected++, BinaryPrimitives.ReadUInt64BigEndian(frame.AsSpan(42)));
        }
        Assert.Null(client.Rings[0].Broken);
        Assert.Null(server.Snapshot().Fault);
    }

    [Fact]
    public void A_packet_that_vapps_client_would_not_copy_is_dropped_and_counted()
    {
        using VhostServer server = Start(ServerMode.Script, (_, _, _) => [new byte[1508], new byte[1507]]);
        using var client = new VappClientStandIn(SocketPath);
        Assert.True(client.Send(Frame(0)));
        List<byte[]> frames = [];
        Wait.Until(() => (frames = client.Receive()).Count > 0, "the packet of 1507 bytes");
        Assert.Equal([1507], frames.Select(frame => frame.Length));
        Assert.Equal(1, server.Snapshot().Drops["ReceiveBufferTooSmall"]);
    }

    [Theory]
    [InlineData(0, 5, "UsedIndexInvalid")]
    [InlineData(40_000, 1, "UsedElementInvalid")]
    [InlineData(7, 1, "UsedElementInvalid")]
    public void A_client_that_returns_what_it_was_not_given_ends_the_session(uint id, ushort index, string fault)
    {
        using VhostServer server = Start(ServerMode.Echo);
        using var client = new VappClientStandIn(SocketPath);
        Assert.True(client.Send(Frame(0)));
        Wait.Until(() => client.Rings[0].AvailableIndex == 1, "the answer");
        client.Rings[0].SetUsedElement(0, id);
        client.Rings[0].SetUsedIndex(index);
        Assert.True(client.Send(Frame(1)));
        Wait.Until(() => server.Snapshot().Fault is not null, "the fault");
        Assert.Equal(fault, server.Snapshot().FaultId);
    }

    private static byte[] Frame(int number)
    {
        byte[] frame = new byte[60];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(14), number);
        return frame;
    }

    private static void ExchangeUpToTheWrap(VappClientStandIn client) => Exchange(client, 0, WrapLimit);

    private static void Exchange(VappClientStandIn client, int from, int to)
    {
        int received = from;
        for (int i = from; i < to; i++)
        {
            Assert.True(client.Send(Frame(i)), client.Rings[1].Broken ?? $"packet {i} did not fit");
            if (i % 64 == 63) Collect();
        }
        Wait.Until(() => { Collect(); return received == to; }, $"packet {to - 1}");
        Wait.Until(() => client.Rings[1].UsedIndex == (ushort)to, "the last used packet");
        client.Rings[1].TakeBack();
        Assert.Null(client.Rings[0].Broken);
        Assert.Null(client.Rings[1].Broken);

        void Collect()
        {
            foreach (byte[] frame in client.Receive()) Assert.Equal(Frame(received++), frame);
        }
    }

    private VhostServer Start(ServerMode mode, VhostUser.Devices.Net.PacketHandler? handler = null) =>
        VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = SocketPath, Mode = mode, Handler = handler, Profile = PeerProfile.Vapp });
}
