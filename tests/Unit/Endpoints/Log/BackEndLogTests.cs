using System.Security.Cryptography;
using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Tests.Endpoints.Traps;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Log;

/// <summary>The dirty log of our server, kept for a scripted front-end (vhost-user, "Migration").</summary>
public sealed class BackEndLogTests : TrapTest
{
    private const ProtocolFeatures WithLog = RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.LogShmfd;

    // Outside of all memory, as the specification allows for a used ring's place in the log.
    private const ulong UsedLogAddress = 0x4_0000_0000;

    [Theory]
    [InlineData(VirtioFeatures.None)]
    [InlineData(VirtioFeatures.EventIdx)]
    [InlineData(VirtioFeatures.MrgRxbuf)]
    public void Every_page_that_the_device_changes_is_marked_and_no_other(VirtioFeatures exclude)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        using var log = new GuestLog();
        front.Negotiate(WithLog, exclude);
        front.SetMemTable();
        SetLogBase(front, log);
        const int packets = 90;
        for (int i = 0; i < packets; i++) OfferPacket(front, i, length: 60 + 37 * i % 1400);
        for (int ring = 0; ring < 2; ring++)
        {
            front.SetVringNum(ring);
            SetAddress(front, ring, log: true, front.Rings[ring].Addresses.Used - GuestMemory.UserAddress + GuestMemory.GuestAddress);
            front.SetVringCall(ring);
            front.SetVringKick(ring);
        }
        front.GetFeatures(); // the rings run now, and are not enabled: the device has written nothing but its wishes for kicks
        byte[][] before = HashPages(front.Memory);
        Assert.Empty(log.MarkedIn(GuestMemory.GuestAddress + GuestMemory.Buffers, 0x80000));
        log.Clear();

        front.SetVringEnable(0);
        front.SetVringEnable(1);
        Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[0].UsedIndex == packets), Ring(server, 0).Verdict);
        for (int ring = 0; ring < 2; ring++) front.GetVringBase(ring);
        byte[][] after = HashPages(front.Memory);

        var changed = Enumerable.Range(0, before.Length).Where(page => !before[page].SequenceEqual(after[page])).Select(page => GuestMemory.GuestAddress + 4096 * (ulong)page).ToArray();
        ulong[] marked = log.MarkedIn(GuestMemory.GuestAddress, (ulong)front.Memory.Size);
        Assert.True(changed.Length > 40, $"{changed.Length} pages changed.");
        Assert.Empty(changed.Except(marked));
        Assert.Equal(marked.Length, log.CountBits());
        Assert.Empty(marked.Except(changed));
    }

    [Fact]
    public void LOG_ALL_switches_buffers_on_and_off_while_the_rings_run()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(WithLog, exclude: VirtioFeatures.LogAll);
        using var log = new GuestLog();
        SetLogBase(front, log);
        AssertPasses(front, server);
        Assert.Equal(0, log.CountBits());

        front.SetFeatures(front.Features | VirtioFeatures.LogAll);
        AssertPasses(front, server);
        ulong[] marked = log.MarkedIn(GuestMemory.GuestAddress, (ulong)front.Memory.Size);
        Assert.Equal([Page(front.Memory.Buffer(64 + 1))], marked);
        Assert.Equal(1, log.CountBits()); // the used rings are not logged: their addresses carry no flag

        front.SetFeatures(front.Features & ~VirtioFeatures.LogAll);
        log.Clear();
        AssertPasses(front, server);
        Assert.Equal(0, log.CountBits());
    }

    [Fact]
    public void VHOST_VRING_F_LOG_switches_a_used_ring_on_and_off_while_it_runs()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(WithLog, exclude: VirtioFeatures.LogAll);
        using var log = new GuestLog();
        SetLogBase(front, log);
        SetAddress(front, 1, log: true, UsedLogAddress);
        AssertPasses(front, server);
        Assert.True(log.IsMarked(UsedLogAddress));
        Assert.Equal(1, log.CountBits()); // neither ring 0 nor the buffer

        SetAddress(front, 1, log: false, 0);
        log.Clear();
        AssertPasses(front, server);
        Assert.Equal(0, log.CountBits());
    }

    [Fact]
    public void A_used_element_is_marked_at_its_own_page_also_behind_the_ring_s_end()
    {
        using VhostServer server = Serve(options => options with { Mode = ServerMode.Sink });
        using RawFrontEnd front = Connect();
        using var log = new GuestLog();
        front.Negotiate(WithLog, VirtioFeatures.EventIdx);
        front.SetMemTable();
        SetLogBase(front, log);
        // Elements 0 to 255 take 2 KiB: with this address the first half lies in one page and the second in the next.
        const ulong address = 0x4_0000_1000 - 4 - 128 * 8;
        GuestRing ring = front.Rings[1];
        ring.AvailableIndex = ring.UsedIndex = 200;
        front.SetVringNum(1);
        front.SetVringBase(1, 200);
        SetAddress(front, 1, log: true, address);
        front.SetVringCall(1);
        front.SetVringKick(1);
        front.SetVringEnable(1);
        for (int i = 0; i < 100; i++) OfferTransmit(front, i % 64);
        front.Signal(1);
        Assert.True(RawFrontEnd.WaitUntil(() => ring.UsedIndex == 300), Ring(server, 1).Verdict);
        front.GetVringBase(1);
        Assert.Equal([0x4_0000_0000ul, 0x4_0000_1000ul], log.MarkedIn(0x4_0000_0000, 0x10000));
    }

    [Fact]
    public void T_50_A_log_with_an_offset_in_its_file_is_marked_from_there()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(WithLog);
        using var log = new GuestLog(offset: 4099); // neither a page nor a word; DPDK adds the offset twice
        SetLogBase(front, log);
        AssertPasses(front, server);
        Assert.Equal([Page(front.Memory.Buffer(64))], log.MarkedIn(GuestMemory.GuestAddress, (ulong)front.Memory.Size));
        Assert.Equal(1, log.CountBits());
    }

    [Fact]
    public void A_log_that_is_replaced_is_left_alone_and_unmapped()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(WithLog);
        using var first = new GuestLog();
        using var second = new GuestLog();
        int mapped = CountMappings(first) + CountMappings(second);
        SetLogBase(front, first);
        AssertPasses(front, server);
        SetLogBase(front, second);
        Assert.Equal(mapped + 1, CountMappings(first) + CountMappings(second));
        first.Clear();
        AssertPasses(front, server);
        Assert.Equal(0, first.CountBits());
        Assert.Equal(1, second.CountBits());
        front.Socket.Dispose();
        Assert.True(server.WaitFor([EndpointState.Listening], Soon));
        Assert.Equal(mapped, CountMappings(first) + CountMappings(second));
    }

    [Fact]
    public void SET_LOG_FD_is_signalled_when_something_was_logged()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(WithLog);
        using var log = new GuestLog();
        SetLogBase(front, log);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetLogFd, [], front.Call(9)));
        Assert.Equal(0ul, EventFd.Consume(front.Call(9)));
        AssertPasses(front, server);
        Assert.NotEqual(0ul, EventFd.Consume(front.Call(9)));
        front.SetFeatures(front.Features & ~VirtioFeatures.LogAll);
        AssertPasses(front, server);
        Assert.Equal(0ul, EventFd.Consume(front.Call(9)));
    }

    [Fact]
    public void T_4_The_reply_to_SET_LOG_BASE_comes_without_a_request_for_it_and_is_empty()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(WithLog);
        using var log = new GuestLog();
        Assert.True(front.Send(FrontEndRequest.SetLogBase, RawMessage.Of(log.Payload), [log.File.Number]));
        using RawMessage reply = front.Socket.Receive()!;
        Assert.Equal((uint)FrontEndRequest.SetLogBase, reply.Request);
        Assert.Equal(RawMessage.Reply, reply.Flags);
        Assert.Empty(reply.Payload);
    }

    [Fact]
    public void LOG_ALL_without_a_log_marks_nothing_and_hurts_nothing()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(WithLog);
        Assert.Contains("LogAll", server.Snapshot().Features);
        SetAddress(front, 0, log: true, UsedLogAddress);
        AssertPasses(front, server);
    }

    private static void SetLogBase(RawFrontEnd front, GuestLog log)
    {
        front.Send(FrontEndRequest.SetLogBase, RawMessage.Of(log.Payload), [log.File.Number], RawMessage.NeedReply);
        using RawMessage? reply = front.Socket.Receive();
        Assert.NotNull(reply);
        Assert.Empty(reply.Payload);
    }

    private static void SetAddress(RawFrontEnd front, int ring, bool log, ulong logAddress) => Assert.Equal(0ul, front.Ask(FrontEndRequest.SetVringAddr,
        RawMessage.Of(front.Rings[ring].Addresses with { Flags = log ? 1u : 0, Log = logAddress })));

    /// <summary>A receive buffer and a packet, both in buffers of the same number.</summary>
    private static void OfferPacket(RawFrontEnd front, int number, int length)
    {
        int receive = front.Memory.Buffer(96 + number);
        front.Rings[0].Describe(number, GuestMemory.GuestAddress + (ulong)receive, 2048, DescriptorFlags.Write);
        front.Rings[0].Offer((ushort)number);
        int transmit = front.Memory.Buffer(number);
        front.Memory.Bytes.Slice(transmit, 12).Clear();
        front.Memory.Bytes.Slice(transmit + 12, length).Fill((byte)(number + 1));
        front.Rings[1].Describe(number, GuestMemory.GuestAddress + (ulong)transmit, (uint)(12 + length));
        front.Rings[1].Offer((ushort)number);
    }

    private static void OfferTransmit(RawFrontEnd front, int slot)
    {
        front.Rings[1].Describe(slot, GuestMemory.GuestAddress + (ulong)front.Memory.Buffer(slot), 100);
        front.Rings[1].Offer((ushort)slot);
    }

    private static byte[][] HashPages(GuestMemory memory) =>
        [.. Enumerable.Range(0, memory.Size / 4096).Select(page => SHA256.HashData(memory.Bytes.Slice(4096 * page, 4096)))];

    private static ulong Page(int offset) => GuestMemory.GuestAddress + (ulong)(offset & ~4095);

    private static int CountMappings(GuestLog log) => File.ReadLines("/proc/self/maps").Count(line => line.Contains(log.Name, StringComparison.Ordinal));
}
