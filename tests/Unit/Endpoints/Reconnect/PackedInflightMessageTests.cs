using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Rings.Packed;
using VhostUser.Tests.Endpoints.Traps;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Reconnect;

/// <summary>GET_INFLIGHT_FD and SET_INFLIGHT_FD for packed rings: of our server with a scripted driver, and of our client.</summary>
public sealed unsafe class PackedInflightMessageTests : TrapTest
{
    private const ProtocolFeatures WithInflight = RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.InflightShmfd;

    private readonly GuestMemory _memory = new();
    private readonly PackedFrontEnd _guest;

    public PackedInflightMessageTests() => _guest = new PackedFrontEnd(_memory);

    [Fact]
    public void A_buffer_is_got_set_and_kept_up_to_date()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect(_memory);
        _guest.Negotiate(front, WithInflight);
        using RawMessage reply = Ask(front, 2, 256);
        InflightPayload buffer = reply.Read<InflightPayload>();
        Assert.Equal(2ul * (32 + 32 * 256 + 63 & ~63), buffer.MmapSize);
        Read(reply.Fds[0], buffer, part =>
        {
            Assert.Equal(0, *(ushort*)(part + 8));                                  // version: unused
            Assert.Equal((1, 1), (part[20], part[21]));                              // and ready for a back-end that expects the lists
            Assert.Equal((1, 256), (*(ushort*)(part + 34), *(ushort*)(part + 32 + 255 * 32 + 2)));
        });
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetInflightFd, reply.Payload, reply.Fds[0].Number));
        Run(front, 0, 1);
        for (int i = 0; i < 5; i++) Assert.True(_guest.PassPacket(front), server.Snapshot().Fault);
        for (int ring = 0; ring < 2; ring++) Read(reply.Fds[0], buffer, part => Assert.Equal((1, 5, 5), (*(ushort*)(part + 8), *(ushort*)(part + 16), *(ushort*)(part + 18))), ring);
    }

    [Fact]
    public void Chains_that_the_buffer_says_are_in_flight_are_worked_again_before_all_others()
    {
        using VhostServer server = Serve(options => options with { Mode = ServerMode.Sink });
        using RawFrontEnd front = Connect(_memory);
        _guest.Negotiate(front, WithInflight);
        using RawMessage reply = Ask(front, 2, 256);
        InflightPayload buffer = reply.Read<InflightPayload>();
        for (int i = 0; i < 4; i++) _guest.PostPacket();
        // The back-end before took 0, 1 and 2 and returned 1 alone, in the first place.
        var ring = new PackedRing(_memory.Address + _memory.Ring(1).DescriptorOffset, null, null, 256);
        Read(reply.Fds[0], buffer, part =>
        {
            var record = new PackedInflight(part, 256, 1, 256);
            record.Begin(PackedPosition.Start);
            for (int i = 0; i < 3; i++) record.Add(ring, new PackedPosition(i, true), new Chain { Head = (ushort)i, Descriptors = 1 });
            Chain one = new() { Head = 1, Descriptors = 1 };
            record.BeginBatch(&one, 1, PackedPosition.Start, new PackedPosition(1, true));
            ring.StoreTail(0, new PackedTail(0, 1, DescriptorFlags.Available | DescriptorFlags.Used));
            record.EndBatch(1, new PackedPosition(1, true));
        }, ring: 1);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetInflightFd, reply.Payload, reply.Fds[0].Number));
        Run(front, 1);
        var used = new UsedBuffer[8];
        int count = 0;
        Assert.True(RawFrontEnd.WaitUntil(() => (count += _guest.Transmit.Reap(used.AsSpan(count))) == 4), Ring(server, 1).Verdict);
        Assert.Equal([1, 0, 2, 3], used[..4].Select(buffer => (int)buffer.Id));
        Assert.Equal(2, Ring(server, 1).ResumedInFlight);
        Assert.Equal(3, server.Snapshot().PacketsReceived);
    }

    [Theory]
    [InlineData(0, 256)]
    [InlineData(3, 256)]
    [InlineData(2, 0)]
    [InlineData(65535, 65535)]
    public void I_1_GET_INFLIGHT_FD_of_packed_rings_for_impossible_numbers_gives_no_buffer(ushort queues, ushort size)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect(_memory);
        _guest.Negotiate(front, WithInflight);
        using RawMessage reply = Ask(front, queues, size);
        Assert.Equal(0ul, reply.Read<InflightPayload>().MmapSize);
        Assert.Empty(reply.Fds);
        Assert.Contains("GET_INFLIGHT_FD", server.Snapshot().LastRefusal, StringComparison.Ordinal);
    }

    [Fact]
    public void I_1_Garbage_in_the_buffer_refuses_the_packed_ring_and_leaves_it_stopped()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect(_memory);
        _guest.Negotiate(front, WithInflight);
        using RawMessage reply = Ask(front, 2, 256);
        InflightPayload buffer = reply.Read<InflightPayload>();
        Read(reply.Fds[0], buffer, part => new Random(1).NextBytes(new Span<byte>(part, (int)(buffer.MmapSize / 2))), ring: 1);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetInflightFd, reply.Payload, reply.Fds[0].Number));
        front.SetVringNum(1);
        front.SetVringBase(1, PackedFrontEnd.Fresh);
        front.SetVringAddr(1);
        AssertRefuses(front.Ask(FrontEndRequest.SetVringKick, RawMessage.Of(1ul), front.Kick(1)), server, "version");
        Assert.False(Ring(server, 1).Started);
    }

    [Fact]
    public void A_buffer_that_came_before_the_features_is_no_packed_ring_s()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect(_memory);
        front.SetOwner();
        front.SetProtocolFeatures(WithInflight);
        using RawMessage reply = Ask(front, 2, 256);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetInflightFd, reply.Payload, reply.Fds[0].Number));
        _guest.Negotiate(front, WithInflight);
        front.SetVringNum(1);
        front.SetVringBase(1, PackedFrontEnd.Fresh);
        front.SetVringAddr(1);
        AssertRefuses(front.Ask(FrontEndRequest.SetVringKick, RawMessage.Of(1ul), front.Kick(1)), server, "SET_FEATURES must come before");
    }

    [Fact]
    public void S_8_A_client_with_packed_rings_gives_the_buffer_to_the_next_back_end_twenty_times()
    {
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 16 << 20 });
        VhostServer server = Serve();
        using VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm", Path = SocketPath, Regions = [region], QueueSize = 100, Reconnect = true, RequireFeatures = VirtioFeatures.RingPacked });
        Assert.Contains("InflightShmfd", client.Snapshot().ProtocolFeatures);
        byte[] frame = new byte[60];
        long received = 0;
        for (int round = 0; round < 20; round++)
        {
            Assert.Equal(37, client.Send(frame, 1, 37, 0, Soon, default));
            server.Dispose(); // in the middle of them, perhaps
            server = Serve();
            Assert.True(RawFrontEnd.WaitUntil(() => client.GetVringStates(1)[0].InFlight == 0 && client.Snapshot().Reconnects == round + 1, Soon), $"round {round}: {Words(client.GetVringStates())}; {Words(server.GetVringStates())}");
            var packets = new List<VhostUser.Packets.ReceivedPacket>();
            received += client.Receive(packets, 0, 1000, TimeSpan.FromSeconds(0.1), default);
        }
        Assert.InRange(received, 20 * 37, long.MaxValue); // the echo of a chain that was worked twice comes twice
        server.Dispose();
    }

    private static string Words(VringState[] rings) => string.Join(", ", rings.Select(ring => $"ring {ring.Queue} {ring}"));

    private void Run(RawFrontEnd front, params int[] rings)
    {
        foreach (int ring in rings) _guest.SetUpRing(front, ring, PackedFrontEnd.Fresh);
        foreach (int ring in rings) front.SetVringEnable(ring);
    }

    private static RawMessage Ask(RawFrontEnd front, ushort queues, ushort size) =>
        front.Get(FrontEndRequest.GetInflightFd, RawMessage.Of(new InflightPayload { QueueCount = queues, QueueSize = size }));

    private delegate void Look(byte* part);

    private static void Read(FileDescriptor file, InflightPayload buffer, Look look, int ring = 0)
    {
        byte* memory = Libc.Map(buffer.MmapSize, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, file.Number, 0);
        try
        {
            look(memory + (ulong)ring * buffer.MmapSize / buffer.QueueCount);
        }
        finally
        {
            Libc.Unmap(memory, buffer.MmapSize);
        }
    }
}
