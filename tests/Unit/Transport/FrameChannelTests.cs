using System.Runtime.InteropServices;
using VhostUser.Memory;
using VhostUser.Transport;
using Xunit;

namespace VhostUser.Tests.Transport;

/// <summary>Frames, credits and counters between two ends joined in memory.</summary>
public sealed unsafe class FrameChannelTests : IDisposable
{
    private readonly PairEngine _engineA;
    private readonly PairEngine _engineB;
    private readonly FrameLink _a;
    private readonly FrameLink _b;

    public FrameChannelTests()
    {
        (_engineA, _engineB) = PairEngine.Create();
        _a = new FrameLink(_engineA, 1, Options());
        _b = new FrameLink(_engineB, 1, Options());
        _a.Start();
        _b.Start();
    }

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    [Fact]
    public void Packets_of_all_lengths_cross_in_few_frames_unchanged_with_the_headers_they_came_with()
    {
        int[] lengths = [1, 7, 8, 64, 65, 1500, 9000, 65550, 60, 61];
        foreach (int length in lengths) Assert.True(Send(_a, length, withHeader: length % 2 == 0));
        Assert.True(Channel(_a).Flush());
        _b.Poll();
        foreach (int length in lengths)
        {
            Assert.True(Channel(_b).TryPeek(out Segment packet, out byte* header));
            Assert.Equal((uint)length, packet.Length);
            Assert.Equal(Pattern(length), packet.Span.ToArray());
            Assert.Equal(length % 2 == 0, header != null);
            if (header != null) Assert.Equal((byte)length, *header);
            Channel(_b).Advance();
        }
        Assert.False(Channel(_b).HasPacket);
        Assert.True(_engineA.Sent.Count <= 3, $"{_engineA.Sent.Count} frames for {lengths.Length} packets");
        Assert.Equal(lengths.Length, Channel(_b).Counters.PacketsReceived);
        Assert.Null(_b.Fault);
    }

    [Fact]
    public void A_sender_stops_before_the_receiver_has_no_buffer_left_and_goes_on_when_it_has_taken_some()
    {
        int sent = 0;
        while (Send(_a, 60000) && sent < 1000) { sent++; _a.Poll(); }
        Assert.InRange(sent, ChannelOptions.ReceiveFrames - ChannelOptions.Reserve, ChannelOptions.ReceiveFrames);
        Assert.Equal(0, _engineB.Overruns);
        _b.Poll();
        int taken = 0;
        for (; Channel(_b).HasPacket; taken++) Channel(_b).Advance();
        _b.Poll();
        Channel(_b).ReturnCredits();
        _a.Poll();
        Assert.True(Channel(_a).Credits > ChannelOptions.Reserve);
        Assert.True(Send(_a, 60000));
        Assert.True(taken >= ChannelOptions.ReceiveFrames - ChannelOptions.Reserve);
    }

    [Fact]
    public void Both_ends_at_full_load_never_stand_still_and_never_overrun()
    {
        long sentA = 0, sentB = 0, gotA = 0, gotB = 0;
        var random = new Random(1);
        for (int round = 0; round < 20000; round++)
        {
            if (random.Next(3) > 0 && Send(_a, random.Next(60, 9000))) sentA++;
            if (random.Next(3) > 0 && Send(_b, random.Next(60, 9000))) sentB++;
            if (random.Next(4) == 0) { Channel(_a).Flush(); Channel(_b).Flush(); }
            if (random.Next(2) == 0) { _a.Poll(); _b.Poll(); }
            if (random.Next(2) == 0 && Channel(_a).HasPacket) { Channel(_a).Advance(); gotA++; }
            if (random.Next(2) == 0 && Channel(_b).HasPacket) { Channel(_b).Advance(); gotB++; }
        }
        for (int round = 0; round < 1000 && (gotA < sentB || gotB < sentA); round++)
        {
            Channel(_a).Flush();
            Channel(_b).Flush();
            _a.Poll();
            _b.Poll();
            for (; Channel(_a).HasPacket; gotA++) Channel(_a).Advance();
            for (; Channel(_b).HasPacket; gotB++) Channel(_b).Advance();
        }
        Assert.Equal((sentB, sentA), (gotA, gotB));
        Assert.True(sentA > 1000 && sentB > 1000);
        Assert.Equal(0, _engineA.Overruns + _engineB.Overruns);
        Assert.Null(_a.Fault);
        Assert.Null(_b.Fault);
    }

    [Fact]
    public void What_the_engine_refuses_for_now_goes_later_once()
    {
        Assert.True(Send(_a, 100));
        _engineA.Refuse = 3;
        for (int i = 0; i < 3; i++) Assert.False(Channel(_a).Flush());
        Assert.True(Channel(_a).Flush());
        _b.Poll();
        Channel(_b).Advance();
        Assert.False(Channel(_b).HasPacket);
        Assert.Single(_engineA.Sent);
    }

    [Fact]
    public void A_connection_that_breaks_under_a_send_ends_the_session_and_not_the_sender()
    {
        _engineA.Break = new VhostException(VhostError.FabricFailed, "gone");
        Assert.True(Send(_a, 100));
        Assert.False(Channel(_a).Flush());
        _a.Poll();
        Assert.Equal("gone", _a.Fault?.Message);
        Assert.Equal(1, Channel(_a).Unsent);
    }

    [Fact]
    public void A_numbered_question_is_answered()
    {
        var answers = new List<ulong>();
        _a.Answered = (number, _) => answers.Add(number);
        Channel(_a).TrySendControl(FrameType.Ping, new Probe { Number = 7 }, Probe.Size);
        _b.Poll();
        _a.Poll();
        Assert.Equal([7ul], answers);
    }

    [Fact]
    public void Lost_packets_are_those_not_taken_out_of_their_frames()
    {
        for (int i = 0; i < 5; i++) Send(_a, 100);
        Channel(_a).Flush();
        _b.Poll();
        Channel(_b).Advance();
        Channel(_b).Advance();
        Channel(_b).TrySendControl(FrameType.Credit, 0, 0);
        _a.Poll();
        Assert.Equal(3, Channel(_a).Unacknowledged);
    }

    [Theory]
    [InlineData(0, "Version")]     // version
    [InlineData(1, "Type")]
    [InlineData(2, "Type")]        // sealed
    [InlineData(3, "Version")]     // reserved
    [InlineData(4, "Queue")]
    [InlineData(6, "Count")]
    [InlineData(8, "Session")]
    [InlineData(12, "Length")]
    [InlineData(16, "Sequence")]
    [InlineData(24, "Credit")]     // more consumed than was ever sent
    [InlineData(28, "Credit")]     // more delivered
    [InlineData(32, "Count")]      // the packet's length: shorter than what is there
    [InlineData(36, "Packet")]     // unknown flag
    public void A_false_field_ends_the_session_with_its_name(int offset, string fault)
    {
        _engineA.Spoil = bytes => bytes[offset] ^= 0x40;
        Send(_a, 100);
        Channel(_a).Flush();
        _b.Poll();
        Assert.Equal(VhostError.LinkInvalid, _b.Fault?.Error);
        Assert.Contains(": " + fault + ".", _b.Fault!.Message);
        Assert.False(Channel(_b).HasPacket);
    }

    [Fact]
    public void A_frame_that_comes_twice_ends_the_session()
    {
        Send(_a, 100);
        Channel(_a).Flush();
        _b.Poll();
        _engineB.Take(0, _engineA.Sent[0]);
        _b.Poll();
        Assert.Contains("Sequence", _b.Fault!.Message);
    }

    [Fact]
    public void Sealed_frames_hide_their_packets_and_a_changed_bit_is_found()
    {
        byte[] one = LinkCredential.CreateKey(), two = LinkCredential.CreateKey();
        (PairEngine left, PairEngine right) = PairEngine.Create();
        using var a = new FrameLink(left, 1, Options() with { Sealer = new FrameSealer(one, two) });
        using var b = new FrameLink(right, 1, Options() with { Sealer = new FrameSealer(two, one) });
        a.Start();
        b.Start();
        Send(a, 200);
        Channel(a).Flush();
        b.Poll();
        Assert.True(Channel(b).TryPeek(out Segment packet, out _));
        Assert.Equal(Pattern(200), packet.Span.ToArray());
        Assert.Equal(-1, left.Sent[0].AsSpan().IndexOf(Pattern(200).AsSpan(0, 16)));
        left.Spoil = bytes => bytes[60] ^= 1;
        Send(a, 200);
        Channel(a).Flush();
        b.Poll();
        Assert.Contains("Seal", b.Fault!.Message);
    }

    [Fact]
    public void Nothing_is_allocated_per_packet()
    {
        void Exchange()
        {
            for (int i = 0; i < 32; i++) Send(_a, 256, quick: true);
            Channel(_a).Flush();
        }
        Exchange();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) Channel(_a).TryReserve(64, false, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static ChannelOptions Options() => new() { Session = 5, FillBytes = 64 << 10 };

    private static FrameChannel Channel(FrameLink link) => link.Channels[0];

    private static byte[] Pattern(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 31 + length))];

    private static bool Send(FrameLink link, int length, bool withHeader = false, bool quick = false)
    {
        byte* room = Channel(link).TryReserve((uint)length, withHeader, out byte* header);
        if (room == null) return false;
        if (withHeader) *header = (byte)length;
        if (!quick) Pattern(length).CopyTo(new Span<byte>(room, length));
        return true;
    }
}
