using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Tests.Endpoints.Traps;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Log;

/// <summary>Dirty logs that are wrong, too small, or taken away.</summary>
public sealed class BadLogTests : TrapTest
{
    private const ProtocolFeatures WithLog = RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.LogShmfd;

    // One bit per page up to the end of the memory.
    private const ulong Needed = (GuestMemory.GuestAddress + (1 << 20)) / 4096 / 8;

    [Theory]
    [InlineData(0ul, 0ul, "its size is 0")]
    [InlineData(Needed - 1, 0ul, "too small for memory region")]
    [InlineData(ulong.MaxValue, 4096ul, "overflows")]
    [InlineData(4096ul, ulong.MaxValue, "overflows")]
    [InlineData(1ul << 62, 1ul << 62, "overflows")]
    [InlineData(4ul << 20, 4096ul, "ends at byte")]
    public void L_1_A_log_that_does_not_hold_what_it_must_is_refused(ulong size, ulong offset, string words)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(WithLog);
        using var log = new GuestLog();
        AssertRefuses(front.Ask(FrontEndRequest.SetLogBase, RawMessage.Of(new LogPayload { Size = size, Offset = offset }), log.File.Number), server, "log", words);
        AssertPasses(front, server);
        Assert.Equal(0, log.CountBits());
    }

    [Fact]
    public void L_1_A_log_of_exactly_the_size_that_is_needed_is_taken()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(WithLog);
        using var log = new GuestLog(Needed);
        SendLogBase(front, log);
        AssertPasses(front, server);
        Assert.Equal(1, log.CountBits());
    }

    [Fact]
    public void L_1_A_log_without_a_file_or_in_something_that_is_none_is_refused()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(WithLog);
        byte[] payload = RawMessage.Of(new LogPayload { Size = Needed });
        AssertRefuses(front.Ask(FrontEndRequest.SetLogBase, payload), server, "SET_LOG_BASE", "0 file descriptor(s)");
        AssertRefuses(front.Ask(FrontEndRequest.SetLogBase, payload, front.Call(3)), server, "dirty log", "memfd or file");
        AssertRefuses(front.Ask(FrontEndRequest.SetLogFd, [], front.Memory.File.Number), server, "SET_LOG_FD", "eventfd");
        AssertPasses(front, server);
    }

    [Fact]
    public void L_1_A_bad_log_ends_the_session_of_a_front_end_that_asked_for_no_result()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(WithLog);
        using var log = new GuestLog();
        front.Send(FrontEndRequest.SetLogBase, RawMessage.Of(new LogPayload { Size = 8 }), [log.File.Number]);
        AssertEnds(front, server, VhostError.LogInvalid, "too small for memory region"); // any answer would be taken for success
    }

    [Fact]
    public void L_1_A_used_ring_that_ends_behind_the_log_is_refused()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(WithLog);
        using var log = new GuestLog();
        SendLogBase(front, log);
        ulong end = 8 * 4096 * log.Payload.Size; // the first address without a bit
        ulong usedBytes = 6 + 8 * 256;
        Assert.Equal(0ul, SetLogAddress(end - usedBytes));
        AssertRefuses(SetLogAddress(end - usedBytes + 1), server, "used ring of ring 1", "too small");
        AssertRefuses(SetLogAddress(ulong.MaxValue - 5), server, "used ring of ring 1");
        AssertPasses(front, server);
        Assert.True(log.IsMarked(end - 1)); // avail_event, or the index before it: the address before the refused ones holds
        AssertRefuses(front.Ask(FrontEndRequest.SetLogBase, RawMessage.Of(new LogPayload { Size = Needed }), log.File.Number), server, "used ring of ring 1");

        ulong? SetLogAddress(ulong address) => front.Ask(FrontEndRequest.SetVringAddr, RawMessage.Of(front.Rings[1].Addresses with { Flags = 1, Log = address }));
    }

    [Fact]
    public void L_2_Memory_beyond_the_log_is_refused_until_a_larger_log_comes()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(WithLog);
        using var log = new GuestLog(Needed);
        SendLogBase(front, log);
        using var more = new GuestMemory();
        var row = new SingleMemoryRegionPayload { Region = more.Row with { GuestAddress = GuestMemory.GuestAddress + (1 << 20), UserAddress = 0x1000 } };
        AssertRefuses(front.Ask(FrontEndRequest.AddMemReg, RawMessage.Of(row), more.File.Number), server, "too small", "memory region");
        Assert.Single(server.Snapshot().Regions);
        AssertRefuses(front.Ask(FrontEndRequest.SetMemTable, RawMessage.MemoryTable([front.Memory.Row, row.Region]), front.Memory.File.Number, more.File.Number), server, "too small");
        AssertPasses(front, server);

        using var larger = new GuestLog();
        SendLogBase(front, larger);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.AddMemReg, RawMessage.Of(row), more.File.Number));
        AssertPasses(front, server);
        Assert.Equal(1, larger.CountBits());
    }

    [Fact]
    public void A_truncated_log_ends_the_session_and_not_the_process()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(WithLog);
        using var log = new GuestLog(sealable: false);
        SendLogBase(front, log);
        AssertPasses(front, server);
        Libc.SetLength(log.File.Number, 0);
        front.PassPacket(timeout: Moment);
        AssertEnds(front, server, VhostError.MemoryTruncated, "truncated");
    }

    [Fact]
    public void SET_LOG_BASE_needs_LOG_SHMFD()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        using var log = new GuestLog();
        AssertRefuses(front.Ask(FrontEndRequest.SetLogBase, RawMessage.Of(log.Payload), log.File.Number), server, "LogShmfd");
    }

    private static void SendLogBase(RawFrontEnd front, GuestLog log)
    {
        front.Send(FrontEndRequest.SetLogBase, RawMessage.Of(log.Payload), [log.File.Number]);
        using RawMessage? reply = front.Socket.Receive();
        Assert.NotNull(reply);
    }
}
