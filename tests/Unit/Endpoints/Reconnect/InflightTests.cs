using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Tests.Endpoints.Traps;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Reconnect;

/// <summary>GET_INFLIGHT_FD and SET_INFLIGHT_FD of our server, with a scripted front-end.</summary>
public sealed class InflightTests : TrapTest
{
    private const ProtocolFeatures WithInflight = RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.InflightShmfd;

    [Fact]
    public void A_buffer_is_got_set_and_kept_up_to_date()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate(WithInflight);
        front.SetMemTable();
        using RawMessage reply = Ask(front, 2, 256);
        InflightPayload buffer = reply.Read<InflightPayload>();
        Assert.Equal(24, reply.Payload.Length);
        Assert.Equal(2ul * ((16 + 16 * 256 + 63) & ~63), buffer.MmapSize);
        Assert.Equal((2, 256), (buffer.QueueCount, buffer.QueueSize));
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetInflightFd, reply.Payload, Assert.Single(reply.Fds).Number));
        for (int ring = 0; ring < 2; ring++) front.SetUpRing(ring);
        for (int ring = 0; ring < 2; ring++) front.SetVringEnable(ring);
        for (int i = 0; i < 5; i++) AssertPasses(front, server);
        Assert.Equal((1, 5), ReadHeader(reply.Fds[0], buffer, 0));
        Assert.Equal((1, 5), ReadHeader(reply.Fds[0], buffer, 1));
    }

    [Fact]
    public void Chains_that_the_buffer_says_are_in_flight_are_worked_again_before_all_others()
    {
        using VhostServer server = Serve(options => options with { Mode = ServerMode.Sink });
        using RawFrontEnd front = Connect();
        front.Negotiate(WithInflight);
        front.SetMemTable();
        using RawMessage reply = Ask(front, 2, 256);
        InflightPayload buffer = reply.Read<InflightPayload>();
        // The back-end before had taken 9, 5 and 7 in this order and used 5 alone.
        GuestRing ring = front.Rings[1];
        foreach (ushort head in new ushort[] { 9, 5, 7, 3 })
        {
            ring.Describe(head, GuestMemory.GuestAddress + (ulong)front.Memory.Buffer(head), 100);
            ring.Offer(head);
        }
        ring.UsedIndex = 1;
        WriteRecords(reply.Fds[0], buffer, ring: 1, usedIndex: 1, (9, 0), (7, 2));
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetInflightFd, reply.Payload, reply.Fds[0].Number));
        front.SetUpRing(1, index: 1);
        front.SetVringEnable(1);
        Assert.True(RawFrontEnd.WaitUntil(() => ring.UsedIndex == 4), Ring(server, 1).Verdict);
        Assert.Equal([9u, 7u, 3u], new[] { 1, 2, 3 }.Select(slot => ring.Used(slot).Id));
    }

    [Theory]
    [InlineData(0, 256)]
    [InlineData(3, 256)]
    [InlineData(65535, 65535)]
    [InlineData(2, 0)]
    [InlineData(2, 65535)]
    [InlineData(2, 100)]
    public void I_1_GET_INFLIGHT_FD_for_impossible_numbers_gives_no_buffer(ushort queues, ushort size)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(WithInflight);
        using RawMessage reply = Ask(front, queues, size);
        Assert.Equal(0ul, reply.Read<InflightPayload>().MmapSize);
        Assert.Empty(reply.Fds);
        Assert.Contains("GET_INFLIGHT_FD", server.Snapshot().LastRefusal, StringComparison.Ordinal);
        AssertPasses(front, server);
    }

    [Fact]
    public void I_1_GET_INFLIGHT_FD_again_and_again_leaves_nothing_behind()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate(WithInflight);
        int before = 0;
        for (int i = 0; i < 2000; i++)
        {
            using (Ask(front, 2, 256)) { }
            if (i == 10) before = Directory.GetFiles("/proc/self/fd").Length;
        }
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 0, before + 50); // other tests open some, too
    }

    [Fact]
    public void I_1_SET_INFLIGHT_FD_with_other_numbers_or_a_short_file_is_refused()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate(WithInflight);
        front.SetMemTable();
        using RawMessage reply = Ask(front, 2, 256);
        InflightPayload good = reply.Read<InflightPayload>();
        Refuse(good with { QueueCount = 3 }, "3 rings");
        Refuse(good with { QueueSize = 300 }, "300 descriptors");
        Refuse(good with { QueueSize = 512 }, "too small");
        Refuse(good with { MmapSize = good.MmapSize + 4096 }, "ends at byte");
        Refuse(good with { MmapOffset = ulong.MaxValue }, "overflows");
        AssertRefuses(front.Ask(FrontEndRequest.SetInflightFd, RawMessage.Of(good), front.Call(2)), server, "memfd or file");

        void Refuse(InflightPayload bad, string words) =>
            AssertRefuses(front.Ask(FrontEndRequest.SetInflightFd, RawMessage.Of(bad), reply.Fds[0].Number), server, words);
    }

    [Fact]
    public void I_1_Garbage_in_the_buffer_refuses_the_ring_and_leaves_it_stopped()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate(WithInflight);
        front.SetMemTable();
        using RawMessage reply = Ask(front, 2, 256);
        byte[] garbage = new byte[(int)reply.Read<InflightPayload>().MmapSize];
        new Random(1).NextBytes(garbage);
        Write(reply.Fds[0], 0, garbage);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetInflightFd, reply.Payload, reply.Fds[0].Number));
        front.SetVringNum(0);
        front.SetVringBase(0);
        front.SetVringAddr(0);
        AssertRefuses(front.Ask(FrontEndRequest.SetVringKick, RawMessage.Of(0ul), front.Kick(0)), server, "version");
        VringStateIs(false);
        Assert.Contains("SET_VRING_KICK", Ring(server, 0).Verdict, StringComparison.Ordinal); // as before the refused one
        Assert.False(Ring(server, 0).HasKick);
        Write(reply.Fds[0], 0, new byte[garbage.Length]);
        front.SetVringKick(0);
        VringStateIs(true);

        void VringStateIs(bool started) => Assert.Equal(started, Ring(server, 0).Started);
    }

    [Fact]
    public void A_buffer_can_not_change_while_a_ring_runs()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate(WithInflight);
        using RawMessage reply = Ask(front, 2, 256);
        front.SetMemTable();
        front.SetUpRing(0);
        AssertRefuses(front.Ask(FrontEndRequest.SetInflightFd, reply.Payload, reply.Fds[0].Number), server, "while ring 0 runs");
    }

    private static RawMessage Ask(RawFrontEnd front, ushort queues, ushort size) =>
        front.Get(FrontEndRequest.GetInflightFd, RawMessage.Of(new InflightPayload { QueueCount = queues, QueueSize = size }));

    private static unsafe (int Version, int UsedIndex) ReadHeader(FileDescriptor file, InflightPayload buffer, int ring)
    {
        byte* memory = Libc.Map(buffer.MmapSize, Libc.PROT_READ, Libc.MAP_SHARED, file.Number, 0);
        byte* part = memory + (ulong)ring * buffer.MmapSize / buffer.QueueCount;
        var header = (Version: (int)*(ushort*)(part + 8), UsedIndex: (int)*(ushort*)(part + 14));
        Libc.Unmap(memory, buffer.MmapSize);
        return header;
    }

    private static void WriteRecords(FileDescriptor file, InflightPayload buffer, int ring, ushort usedIndex, params (int Head, ulong Counter)[] inFlight)
    {
        byte[] part = new byte[(int)buffer.MmapSize / buffer.QueueCount];
        BitConverter.TryWriteBytes(part.AsSpan(8), (ushort)1);
        BitConverter.TryWriteBytes(part.AsSpan(10), buffer.QueueSize);
        BitConverter.TryWriteBytes(part.AsSpan(14), usedIndex);
        foreach ((int head, ulong counter) in inFlight)
        {
            part[16 + 16 * head] = 1;
            BitConverter.TryWriteBytes(part.AsSpan(16 + 16 * head + 8), counter);
        }
        Write(file, ring * part.Length, part);
    }

    private static unsafe void Write(FileDescriptor file, int offset, byte[] bytes)
    {
        byte* memory = Libc.Map((ulong)(offset + bytes.Length), Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, file.Number, 0);
        bytes.CopyTo(new Span<byte>(memory + offset, bytes.Length));
        Libc.Unmap(memory, (ulong)(offset + bytes.Length));
    }
}
