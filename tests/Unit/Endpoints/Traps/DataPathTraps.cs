using VhostUser.Endpoints;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Rings.Split;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Traps;

/// <summary>Traps of the virtio-net header and of rings at work, with our server as the back-end.</summary>
public sealed class DataPathTraps : TrapTest
{
    [Theory]
    [InlineData(VirtioFeatures.None, 12)]
    [InlineData(VirtioFeatures.MrgRxbuf, 12)]
    [InlineData(VirtioFeatures.Version1, 12)]
    [InlineData(VirtioFeatures.Version1 | VirtioFeatures.MrgRxbuf, 10)]
    public unsafe void T_51_The_header_has_10_bytes_only_without_VERSION_1_and_MRG_RXBUF(VirtioFeatures exclude, int header)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(exclude: exclude);
        Assert.Equal(header, Ring(server, 0).HeaderLength);
        Assert.Equal(header, server.Snapshot().HeaderLength);

        // By hand, so that a header of the wrong length shifts the packet's bytes.
        Span<byte> packet = front.Memory.Bytes.Slice(front.Memory.Buffer(1) + header, 60);
        for (int i = 0; i < packet.Length; i++) packet[i] = (byte)(0xa0 + i);
        front.Rings[0].Describe(0, Guest(front.Memory.Buffer(2)), 2048, DescriptorFlags.Write);
        front.Rings[0].Offer(0);
        front.Rings[1].Describe(0, Guest(front.Memory.Buffer(1)), (uint)(header + 60));
        front.Rings[1].Offer(0);
        front.Signal(1);
        Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[0].UsedIndex == 1), Ring(server, 1).Verdict);
        Assert.Equal((0u, (uint)(header + 60)), front.Rings[0].Used(0));
        Assert.Equal(packet.ToArray(), front.Memory.Bytes.Slice(front.Memory.Buffer(2) + header, 60).ToArray());
    }

    [Fact]
    public void T_51_HASH_REPORT_whose_header_has_20_bytes_is_not_offered_and_refused_by_name()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        Assert.Equal(VirtioFeatures.None, front.GetFeatures() & (VirtioFeatures.HashReport | VirtioFeatures.Rss));
        front.Negotiate();
        AssertRefuses(front.Ask(FrontEndRequest.SetFeatures, RawMessage.Of((ulong)(front.Features | VirtioFeatures.HashReport))), server, "HashReport", "not offered");
    }

    [Fact]
    public void T_52_Num_buffers_is_1_with_VERSION_1_and_without_MRG_RXBUF()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(exclude: VirtioFeatures.MrgRxbuf);
        AssertPasses(front, server);
        Assert.Equal(1, BitConverter.ToUInt16(front.Memory.Bytes.Slice(front.Memory.Buffer(64) + 10, 2)));
    }

    [Theory]
    [InlineData(12, 100)]       // a descriptor of its own
    [InlineData(5, 7, 60, 40)]  // in two parts, the packet in two more
    [InlineData(40, 72)]        // with the packet's start
    public void T_53_The_header_may_lie_in_descriptors_of_any_length(params int[] lengths)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        int from = front.Memory.Buffer(1), to = front.Memory.Buffer(2), offset = 0;
        for (int i = 12; i < 112; i++) front.Memory.Bytes[from + i] = (byte)i;
        for (int i = 0; i < lengths.Length; i++)
        {
            bool last = i == lengths.Length - 1;
            front.Rings[1].Describe(i, Guest(from + offset), (uint)lengths[i], last ? 0 : DescriptorFlags.Next, (ushort)(i + 1));
            offset += lengths[i];
        }
        front.Rings[0].Describe(0, Guest(to), 2048, DescriptorFlags.Write);
        front.Rings[0].Offer(0);
        front.Rings[1].Offer(0);
        front.Signal(1);
        Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[0].UsedIndex == 1), Ring(server, 1).Verdict);
        Assert.Equal(112u, front.Rings[0].Used(0).Length);
        Assert.Equal(front.Memory.Bytes.Slice(from + 12, 100).ToArray(), front.Memory.Bytes.Slice(to + 12, 100).ToArray());
    }

    [Fact]
    public unsafe void T_54_A_polling_server_asks_for_no_kicks_and_needs_none()
    {
        using VhostServer server = Serve(options => options with { Poll = true });
        using RawFrontEnd front = ConnectAndStart(exclude: VirtioFeatures.EventIdx);
        Assert.True(RawFrontEnd.WaitUntil(() => Ring(server, 1).NoNotify), Ring(server, 1).Verdict);
        GuestRing transmit = front.Rings[1];
        transmit.Describe(0, Guest(front.Memory.Buffer(0)), 100);
        transmit.Offer(0);
        Assert.True(RawFrontEnd.WaitUntil(() => transmit.UsedIndex == 1), Ring(server, 1).Verdict);
        Assert.Equal(0, Ring(server, 1).Kicks);
    }

    [Fact]
    public void T_54_A_sleeping_server_asks_for_kicks_before_it_sleeps()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(exclude: VirtioFeatures.EventIdx);
        Assert.True(RawFrontEnd.WaitUntil(() => !Ring(server, 1).NoNotify), "NO_NOTIFY stays set although the server sleeps.");
        AssertPasses(front, server);
        Assert.True(RawFrontEnd.WaitUntil(() => !Ring(server, 1).NoNotify), "NO_NOTIFY stays set although the server sleeps.");
    }

    [Fact]
    public void T_55_A_legacy_front_end_is_served_and_a_modern_one_too()
    {
        using VhostServer server = Serve();
        using (RawFrontEnd legacy = ConnectAndStart(exclude: VirtioFeatures.Version1)) AssertPasses(legacy, server); // as vapp and Snabb
        Assert.True(server.WaitFor([EndpointState.Listening], Soon));
        using RawFrontEnd modern = ConnectAndStart();
        Assert.NotEqual(VirtioFeatures.None, modern.Features & VirtioFeatures.Version1); // libvhost-user and passt demand it
        AssertPasses(modern, server);
    }

    [Fact]
    public void T_56_With_STATUS_no_packet_passes_before_DRIVER_OK()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart(RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.Status);
        Assert.False(front.PassPacket(timeout: Moment));
        Assert.Contains("DRIVER_OK", Ring(server, 1).Verdict, StringComparison.Ordinal);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetStatus, RawMessage.Of(0xful)));
        Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[0].UsedIndex == 1), Ring(server, 1).Verdict); // what waited
        AssertPasses(front, server);
    }

    [Fact]
    public void T_57_An_available_index_that_jumps_ends_the_session_and_both_indices_are_named()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        AssertPasses(front, server);
        front.Rings[1].AvailableIndex = 1 + 256 + 1;
        front.Signal(1);
        AssertEnds(front, server, VhostError.AvailableIndexInvalid, "Ring 1: the driver's available index is 258, 257 ahead of the device's 1; a ring of 256");
    }

    [Fact]
    public unsafe void T_58_Indices_are_read_in_one_access()
    {
        byte* memory = stackalloc byte[64];
        ulong aligned = (ulong)memory + 15 & ~15ul;
        var ring = new SplitRing((byte*)aligned, (byte*)aligned, (byte*)aligned + 16, 2);
        using var stop = new CancellationTokenSource();
        // Both bytes change at once; an index read byte by byte would now and then be 0x0000 or 0x01ff.
        var writer = new Thread(() =>
        {
            var same = new SplitRing((byte*)aligned, (byte*)aligned, (byte*)aligned + 16, 2);
            for (ushort value = 0xff; !stop.IsCancellationRequested; value ^= 0x1ff)
            {
                same.StoreAvailableIndex(value);
                same.StoreUsedIndex(value);
            }
        });
        ring.StoreAvailableIndex(0xff);
        ring.StoreUsedIndex(0xff);
        writer.Start();
        var seen = new HashSet<ushort>();
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        for (int i = 0; i < 2_000_000 || seen.Count < 2 && System.Diagnostics.Stopwatch.GetElapsedTime(start) < Soon; i++)
        {
            seen.Add(ring.LoadAvailableIndex());
            seen.Add(ring.LoadUsedIndex());
        }
        stop.Cancel();
        writer.Join();
        Assert.Subset(new HashSet<ushort> { 0xff, 0x100 }, seen);
        Assert.Equal(2, seen.Count); // both were seen, or nothing was tested
    }

    private static ulong Guest(int offset) => GuestMemory.GuestAddress + (ulong)offset;
}
