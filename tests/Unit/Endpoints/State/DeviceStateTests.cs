using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Tests.Endpoints.Traps;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.State;

/// <summary>SET_DEVICE_STATE_FD and CHECK_DEVICE_STATE, in both roles.</summary>
public sealed class DeviceStateTests : TrapTest
{
    private const ProtocolFeatures WithState = RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.DeviceState;

    private static readonly MacAddress Guest = MacAddress.Parse("02:11:22:33:44:55");

    [Fact]
    public void What_one_server_saves_another_loads_and_both_go_on()
    {
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 8 << 20 });
        using VhostServer source = Serve(options => options with { MacAddress = Guest, Mtu = 1500 });
        using VhostServer target = VhostServer.Start(new VhostServerOptions { Name = "b", Path = SocketPath + "2", Mode = ServerMode.Echo, MacAddress = MacAddress.Parse("02:00:00:00:00:99"), Mtu = 9000 });
        byte[] state;
        using (VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm", Path = SocketPath, Regions = [region] }))
        {
            Echo(client, 5);
            client.SetMtu(1400);
            state = client.SaveDeviceState();
            Echo(client, 2); // the source goes on: a migration may fail
        }
        using (VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm", Path = SocketPath + "2", Regions = [region] }))
        {
            client.LoadDeviceState(state);
            Assert.Equal(Guest, MacAddress.FromBytes(client.GetConfig(0, 6)));
            Assert.Equal(1400, target.Snapshot().Mtu);
            Assert.Equal(5, target.Snapshot().PacketsReceived);
            Echo(client, 3);
            Assert.Equal(8, target.Snapshot().PacketsReceived);
        }
    }

    [Fact]
    public void A_state_that_is_none_of_this_device_is_refused_and_changes_nothing()
    {
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 8 << 20 });
        using VhostServer server = Serve(options => options with { MacAddress = Guest });
        using VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm", Path = SocketPath, Regions = [region] });
        byte[] good = client.SaveDeviceState();
        Refuse([], "does not begin");
        Refuse(good[..^1], "bytes");
        Refuse([.. good, 0], "bytes");
        Refuse(Change(0, 1), "does not begin");
        Refuse(Change(8, 2), "version");
        Refuse(Change(20, 0xff), "cut off");
        Refuse(Change(22 + 28, 3), "ends at byte"); // one ring instead of two
        Refuse(new byte[(1 << 20) + 20000], "could not be transferred");
        Assert.Equal(Guest, MacAddress.FromBytes(client.GetConfig(0, 6)));
        client.LoadDeviceState(good);
        Echo(client, 1);

        byte[] Change(int at, byte to)
        {
            byte[] bad = [.. good];
            bad[at] ^= to;
            return bad;
        }

        void Refuse(byte[] bad, string words)
        {
            Assert.Equal(VhostError.StateInvalid, Assert.Throws<VhostException>(() => client.LoadDeviceState(bad)).Error);
            Assert.Contains(words, server.Snapshot().LastRefusal, StringComparison.Ordinal);
            Assert.Equal(EndpointState.Running, client.State);
        }
    }

    [Theory]
    [InlineData(2u, 0u, false, "direction 2")]
    [InlineData(0u, 1u, false, "phase 1")]
    [InlineData(0u, 0u, true, "ring 0 runs")]
    public void What_can_not_be_transferred_is_refused_with_no_channel(uint direction, uint phase, bool running, string words)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        if (running) front.Start(WithState);
        else front.Negotiate(WithState);
        (FileDescriptor read, FileDescriptor write) = Libc.Pipe();
        using (read)
        using (write)
        {
            Assert.Equal(0x101ul, Ask(front, direction, phase, write));
            Assert.Contains(words, server.Snapshot().LastRefusal, StringComparison.Ordinal);
            Assert.NotEqual(0ul, front.GetUInt64(FrontEndRequest.CheckDeviceState));
        }
    }

    [Fact]
    public void A_reader_that_does_not_read_holds_nobody_up()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate(WithState);
        (FileDescriptor read, FileDescriptor write) = Libc.Pipe();
        using (read)
        using (write)
        {
            StartWithATransferThatHangs(front, write);
            AssertPasses(front, server); // while the transfer hangs
            Assert.NotEqual(0ul, front.GetUInt64(FrontEndRequest.CheckDeviceState));
            Assert.Contains("still being transferred", server.Snapshot().LastRefusal, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void CHECK_DEVICE_STATE_that_comes_early_waits_for_its_answer_and_holds_nothing_else_up()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate(WithState);
        (FileDescriptor read, FileDescriptor write) = Libc.Pipe();
        using (read)
        using (write)
        {
            StartWithATransferThatHangs(front, write);
            front.Send(FrontEndRequest.CheckDeviceState);
            front.Send(FrontEndRequest.GetFeatures);
            AssertPasses(front, server); // while the answer is held
            write.Dispose();
            Drain(read);
            using RawMessage first = front.Socket.Receive()!;
            Assert.Equal(((uint)FrontEndRequest.CheckDeviceState, 0ul), (first.Request, first.UInt64));
            using RawMessage second = front.Socket.Receive()!; // in its turn
            Assert.Equal((uint)FrontEndRequest.GetFeatures, second.Request);
        }
    }

    private static unsafe void Drain(FileDescriptor pipe)
    {
        byte[] bytes = new byte[65536];
        fixed (byte* p = bytes)
        {
            while (Libc.Read(pipe.Number, p, 65536) > 0) { }
        }
    }

    private static unsafe void FillUp(FileDescriptor pipe)
    {
        byte[] bytes = new byte[4096];
        fixed (byte* p = bytes)
        {
            while (Libc.Write(pipe.Number, p, 4096) > 0) { }
        }
    }

    private static ulong Ask(RawFrontEnd front, uint direction, uint phase, FileDescriptor channel)
    {
        front.Send(FrontEndRequest.SetDeviceStateFd, RawMessage.Of(new DeviceStatePayload { Direction = direction, Phase = phase }), [channel.Number]);
        using RawMessage reply = front.Socket.Receive()!;
        Assert.Empty(reply.Fds);
        return reply.UInt64;
    }

    private static void Echo(VhostClient client, int count)
    {
        for (int i = 0; i < count; i++)
        {
            client.Send(new byte[60], 1, 1, 0, Soon, default);
            Assert.Equal(1, client.Receive(new List<ReceivedPacket>(), 0, 1, Soon, default));
        }
    }

    /// <summary>Asks for the state into a pipe that is full, and starts both rings meanwhile.</summary>
    private static void StartWithATransferThatHangs(RawFrontEnd front, FileDescriptor write)
    {
        Libc.SetNonBlocking(write.Number);
        FillUp(write);
        Assert.Equal(0x100ul, Ask(front, 0, 0, write));
        front.SetMemTable();
        for (int ring = 0; ring < 2; ring++) front.SetUpRing(ring);
        for (int ring = 0; ring < 2; ring++) front.SetVringEnable(ring);
    }
}
