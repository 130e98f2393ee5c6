using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Capturing;
using VhostUser.Memory;
using Xunit;

namespace VhostUser.Tests.Devices.Capturing;

/// <summary>The buffer between an endpoint and a capture's file.</summary>
public unsafe class CapturePointTests
{
    private const int Size = 256 << 10;

    [Fact]
    public void Records_come_out_as_they_went_in_over_many_laps()
    {
        var point = new CapturePoint(Size, uint.MaxValue, queue: null, outbound: null);
        var random = new Random(1);
        var inside = new Queue<byte[]>();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] frame = new byte[random.Next(1, i % 100 == 0 ? 65_550 : 2000)];
            random.NextBytes(frame);
            long dropped = point.Dropped;
            Add(point, frame, time: i);
            if (point.Dropped == dropped) inside.Enqueue(frame);
            for (int take = random.Next(3); take > 0 && point.Peek() is var record && record != null; take--)
            {
                Assert.Equal(inside.Dequeue(), point.BytesOf(record).ToArray());
                point.Release(record);
            }
        }
        Assert.Equal(20_000, point.Seen);
        Assert.InRange(point.Dropped, 1, 19_999); // the buffer was full now and then, or the test shows nothing
    }

    [Fact]
    public void A_full_buffer_drops_and_the_next_record_says_how_many()
    {
        var point = new CapturePoint(Size, uint.MaxValue, queue: null, outbound: null);
        byte[] frame = new byte[1000];
        int added = 0;
        while (point.Dropped == 0)
        {
            Add(point, frame, time: 0);
            added++;
        }
        Add(point, frame, time: 0);
        Assert.Equal((added + 1, 2), (point.Seen, point.Dropped));
        while (point.Peek() is var record && record != null)
        {
            Assert.Equal(0u, record->Dropped);
            point.Release(record);
        }
        Add(point, frame, time: 9);
        Assert.Equal((2u, 9L), (point.Peek()->Dropped, point.Peek()->Time));
    }

    [Theory]
    [InlineData(null, null, 2, 2)]
    [InlineData(1, null, 1, 1)]
    [InlineData(null, true, 2, 0)]
    [InlineData(0, true, 1, 0)]
    public void Only_the_ring_and_the_direction_that_are_meant_are_kept(int? queue, bool? outbound, int outOf, int inOf)
    {
        var point = new CapturePoint(Size, uint.MaxValue, queue, outbound);
        foreach (int ring in new[] { 0, 1 })
        {
            Add(point, [1], 0, ring, true);
            Add(point, [1], 0, ring, false);
        }
        int[] found = [0, 0];
        while (point.Peek() is var record && record != null)
        {
            found[record->Outbound]++;
            point.Release(record);
        }
        Assert.Equal((outOf, inOf), (found[1], found[0]));
    }

    [Theory]
    [InlineData(new ushort[] { 0x0806 }, "0806", true)]
    [InlineData(new ushort[] { 0x0806 }, "0800", false)]
    [InlineData(new ushort[] { 0x0806, 0x0800 }, "0800", true)]
    [InlineData(new ushort[] { 0x0806 }, "8100 0005 0806", true)]
    [InlineData(new ushort[] { 0x0806 }, "88A8 0005 8100 0006 0806", true)]
    [InlineData(new ushort[] { 0x0806 }, "8100 0001 8100 0002 8100 0003 0806", false)] // behind a third tag nobody looks
    [InlineData(new ushort[] { 0x8100 }, "8100 0005 0806", true)]
    [InlineData(new ushort[] { 0x0806 }, "08", false)]
    [InlineData(new ushort[0], "08", true)]
    public void Types_are_looked_for_behind_tags(ushort[] types, string behindAddresses, bool kept)
    {
        var point = new CapturePoint(Size, uint.MaxValue, null, null, types);
        Add(point, [.. new byte[12], .. Convert.FromHexString(behindAddresses.Replace(" ", ""))], 0);
        Assert.Equal(kept ? 1 : 0, point.Seen);
        Assert.Equal(kept, point.Peek() != null);
    }

    [Fact]
    public void Of_a_long_packet_the_beginning_is_kept()
    {
        var point = new CapturePoint(Size, 10, queue: null, outbound: null);
        Add(point, [.. Enumerable.Range(0, 64).Select(i => (byte)i)], 0);
        Assert.Equal((64u, 10), (point.Peek()->Length, point.Peek()->Kept));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], point.BytesOf(point.Peek()).ToArray());
    }

    [Fact]
    public void A_reader_on_another_core_sees_whole_records_in_their_order()
    {
        const int packets = 200_000;
        var point = new CapturePoint(Size, uint.MaxValue, queue: null, outbound: null);
        var writer = new Thread(() =>
        {
            byte[] frame = new byte[256];
            for (int i = 0; i < packets; i++)
            {
                new Span<byte>(frame).Fill((byte)i);
                Add(point, frame.AsSpan(0, 1 + i % 256), time: i);
            }
        });
        writer.Start();
        long last = -1, read = 0, lost = 0;
        bool ended;
        do
        {
            ended = writer.Join(0);
            while (point.Peek() is var record && record != null)
            {
                ReadOnlySpan<byte> bytes = point.BytesOf(record).Span;
                Assert.True(record->Time == last + record->Dropped + 1 && bytes.Length == 1 + record->Time % 256 && bytes.IndexOfAnyExcept((byte)record->Time) < 0, $"Record {record->Time} after {last} is torn.");
                last = record->Time;
                lost += record->Dropped;
                read++;
                point.Release(record);
            }
        }
        while (!ended);
        Assert.Equal(packets, read + point.Dropped);
        Assert.InRange(lost, 0, point.Dropped);
    }

    [Fact]
    public void A_tap_with_two_captures_feeds_both_and_one_without_none()
    {
        var tap = new CaptureTap();
        Assert.False(tap.IsOn);
        var one = new CapturePoint(Size, uint.MaxValue, null, null);
        var two = new CapturePoint(Size, uint.MaxValue, null, null);
        tap.Attach(one);
        tap.Attach(two);
        tap.Add(new byte[60], default, 1);
        tap.Detach(one);
        tap.Add(new byte[60], default, 1);
        tap.Detach(two);
        Assert.False(tap.IsOn);
        tap.Add(new byte[60], default, 1);
        Assert.Equal((1, 2), (one.Seen, two.Seen));
    }

    private static void Add(CapturePoint point, ReadOnlySpan<byte> frame, long time, int queue = 0, bool outbound = true)
    {
        fixed (byte* bytes = frame)
        {
            // In two pieces, as a chain may have it.
            Segment* pieces = stackalloc Segment[2];
            uint first = (uint)frame.Length / 2;
            pieces[0] = new Segment(bytes, first);
            pieces[1] = new Segment(bytes + first, (uint)frame.Length - first);
            point.Add(new PacketView(pieces, 2, 0, (uint)frame.Length), default, queue, outbound, time);
        }
    }
}
