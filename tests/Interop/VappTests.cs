using System.Diagnostics;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>Virtual Open Systems' vapp, the first vhost-user program, in both of its roles against ours.</summary>
[Peer("vapp", "both")]
public sealed class VappTests
{
    private const int WrapLimit = 32767;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    [VappFact]
    public void Our_server_gets_and_answers_the_packets_of_vapps_client()
    {
        using SocketFolder folder = new();
        byte[]? first = null;
        using VhostServer server = VhostServer.Start(new VhostServerOptions
        {
            Name = "sw0", Path = folder.Socket, Profile = PeerProfile.Vapp, Mode = ServerMode.Script,
            Handler = (queue, header, frame) =>
            {
                first ??= frame.ToArray();
                return [frame];
            },
        });
        using (Vapp vapp = Vapp.Client(folder.Socket))
        {
            WaitUntil(() => server.GetVringStates(0) is [{ UsedIndex: >= 3 } _], "vapp's client used three packets of ring 0", vapp);
            VhostServerInfo info = server.Snapshot();
            Assert.Equal(EndpointState.Running, info.State);
            Assert.Equal(10, info.HeaderLength);
            Assert.True(info.PacketsSent >= 3 && info.PacketsReceived >= info.PacketsSent, $"{info.PacketsReceived} received, {info.PacketsSent} sent");
            Assert.Equal(60, first!.Length);
            Assert.Equal("ffffffffffff0102030405060806", Convert.ToHexStringLower(first.AsSpan(0, 14))); // an ARP request to all
            Assert.True(vapp.Program.Stop(TimeSpan.FromSeconds(5)), "vapp did not end on SIGINT");
            Assert.DoesNotContain("wrong flags", string.Join('\n', vapp.Program.Lines()), StringComparison.Ordinal); // its word for a header it dislikes
        }
        Assert.True(server.WaitFor([EndpointState.Listening], Bound));
        Assert.Null(server.Snapshot().Fault);
    }

    [VappFact]
    public void Our_client_exchanges_32767_packets_each_way_with_vapps_server() => PingPong(VappFactAttribute.Program, WrapLimit);

    [VappFact(VappFactAttribute.QuietProgram)]
    public void Our_client_gives_vapps_server_its_descriptors_back_so_that_it_goes_on_past_every_wrap() => PingPong(VappFactAttribute.QuietProgram, 70_000);

    [VappFact(VappFactAttribute.QuietProgram)]
    public void Our_server_ends_the_session_before_vapps_wrap_hangs_its_client()
    {
        using SocketFolder folder = new();
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = folder.Socket, Profile = PeerProfile.Vapp, Mode = ServerMode.Echo });
        using Vapp vapp = Vapp.Client(folder.Socket, VappFactAttribute.QuietProgram);
        WaitUntil(() => server.Snapshot().Fault is not null, "the session ended", vapp);
        VhostServerInfo info = server.Snapshot();
        Assert.Equal("PeerDefect", info.FaultId);
        Assert.Contains("vapp's 32768 wrap", info.Fault, StringComparison.Ordinal);
        Assert.Equal(WrapLimit, info.PacketsReceived);
        Assert.Equal(WrapLimit, info.PacketsSent);
        Assert.Equal(EndpointState.Listening, info.State);
        Assert.True(vapp.Program.Stop(TimeSpan.FromSeconds(5)), "vapp's client hangs: SIGINT did not end it");
    }

    [VappFact]
    public void Our_client_can_connect_to_the_same_server_of_vapp_again()
    {
        using SocketFolder folder = new();
        using Vapp vapp = Vapp.Server(folder.Socket);
        PingPong(folder, 100);
        PingPong(folder, 100);
    }

    private static void PingPong(string variable, int count)
    {
        using SocketFolder folder = new();
        using Vapp vapp = Vapp.Server(folder.Socket, variable);
        PingPong(folder, count);
    }

    private static void PingPong(SocketFolder folder, int count)
    {
        using SharedRegion region0 = SharedRegion.Create(new SharedRegionOptions { Name = "vapp0", Size = 49 << 20 });
        using SharedRegion region1 = SharedRegion.Create(new SharedRegionOptions { Name = "vapp1", Size = 49 << 20 });
        using VhostClient client = VhostClient.Connect(new VhostClientOptions
        {
            Name = "vm0", Path = folder.Socket, Regions = [region0, region1], QueueSize = 32768, Profile = PeerProfile.Vapp, Retry = true,
        });
        var received = new List<ReceivedPacket>();
        byte[] frame = new byte[60];
        for (int i = 0; i < count; i++)
        {
            BitConverter.TryWriteBytes(frame.AsSpan(14), i);
            Assert.Equal(1, client.Send(frame, 1, 1, 0, Bound, default));
            received.Clear();
            Assert.True(client.Receive(received, 0, 1, Bound, default) == 1, $"packet {i} did not come back");
            Assert.Equal(frame, received[0].Bytes.ToArray());
        }
        byte[] longest = new byte[client.MaxPacket];
        client.Send(longest, 1, 1, 0, Bound, default);
        received.Clear();
        Assert.Equal(1, client.Receive(received, 0, 1, Bound, default));
        Assert.Equal(longest.Length, received[0].Length);
        VhostClientInfo info = client.Snapshot();
        Assert.Equal(count + 1, info.PacketsSent);
        Assert.Equal(count + 1, info.PacketsReceived);
        Assert.Null(info.Fault);
        Assert.Equal("ok", client.GetVringStates(1)[0].Verdict);
    }

    private static void WaitUntil(Func<bool> condition, string what, Vapp vapp)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed > Bound) throw vapp.Program.Failure($"ran for {Bound.TotalSeconds:0} s before {what}");
            Thread.Sleep(20);
        }
    }
}
