using VhostUser.Endpoints;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Tests.Peers;
using Xunit;
using static VhostUser.Rings.DescriptorFlags;
using static VhostUser.Tests.Endpoints.Hostile.RingContentCase;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Group R, where no rule of the ring is broken: the packet goes no further and is counted, or is served; the session goes on.</summary>
public sealed class BadPacketTests : HostileTest
{
    private const int From = GuestMemory.Buffers + 0x40000;
    private const int To = GuestMemory.Buffers + 0x20000;

    [Theory]
    [InlineData("R-12 two bytes in two descriptors", DropReason.ShorterThanHeader, 1, 1)]
    [InlineData("R-12 1 + 1 + 9 bytes", DropReason.ShorterThanHeader, 1, 1, 9)]
    [InlineData("R-12 1 + 1 + 10 bytes and no packet", DropReason.Empty, 1, 1, 10)]
    [InlineData("R-10 one descriptor of no length", DropReason.ShorterThanHeader, 0)]
    [InlineData("R-10 descriptors of no length", DropReason.ShorterThanHeader, 0, 0, 0)]
    [InlineData("R-13 one writable descriptor", DropReason.WrongDirection, -100)]
    [InlineData("R-13 a writable descriptor behind a good packet", DropReason.WrongDirection, 72, -100)]
    public void A_transmitted_chain_that_is_no_packet_is_dropped_by_name(string name, DropReason reason, params int[] lengths)
    {
        Assert.StartsWith("R-", name, StringComparison.Ordinal);
        using (RawFrontEnd client = Connect())
        {
            client.Start();
            Transmit(client, lengths);
            AssertDropped(client, reason);
            Assert.True(client.PassPacket());
        }
        AssertSurvived();
    }

    [Fact]
    public void R11_a_chain_of_one_byte_less_than_4_GiB_is_a_packet_too_long()
    {
        using (RawFrontEnd client = Connect(new GuestMemory(1 << 28)))
        {
            client.Start();
            for (int i = 0; i < 16; i++) client.Rings[1].Describe(i, GuestMemory.GuestAddress, (1 << 28) - (i < 15 ? 0u : 1), i < 15 ? Next : None, (ushort)(i + 1));
            client.Rings[1].Offer(0);
            client.Signal(1);
            AssertDropped(client, DropReason.TooLong);
            Assert.True(client.PassPacket());
        }
        AssertSurvived();
    }

    [Theory]
    [InlineData("R-12 header over three descriptors", 1, 1, 10, 60)]
    [InlineData("R-12 every byte of the header alone", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 60)]
    [InlineData("R-12 empty descriptors between", 0, 12, 0, 30, 0, 30, 0)]
    [InlineData("R-10 a buffer across two adjacent regions", 12, 60)]
    [InlineData("R-9 INDIRECT with WRITE, which a device must ignore", 72)]
    public void A_strange_chain_that_can_be_read_comes_back(string name, params int[] lengths)
    {
        using (RawFrontEnd client = Connect())
        {
            client.Start();
            int from = From;
            if (name.StartsWith("R-10", StringComparison.Ordinal))
            {
                RingContentCases.SplitMemory(client);
                from = GuestMemory.Buffers + 0x2000 - 40; // 28 bytes of the packet lie in the first region
            }
            for (int i = 0; i < 60; i++) client.Memory.Bytes[from + 12 + i] = (byte)(i + 1);
            Receive(client, 2048);
            if (name.StartsWith("R-9", StringComparison.Ordinal))
            {
                client.Rings[1].DescribeAt(To + 0x1000, Guest(from), 72);
                client.Rings[1].Describe(0, Guest(To + 0x1000), 16, Indirect | Write);
                client.Rings[1].Offer(0);
                client.Signal(1);
            }
            else
            {
                Transmit(client, lengths, from);
            }
            Assert.True(RawFrontEnd.WaitUntil(() => client.Rings[0].UsedIndex == 1), Server.Snapshot().Fault);
            Assert.Equal((0u, 72u), client.Rings[0].Used(0));
            Assert.Equal(client.Memory.Bytes.Slice(from + 12, 60).ToArray(), client.Memory.Bytes.Slice(To + 12, 60).ToArray());
            Assert.Equal(0, Server.Snapshot().Dropped);
        }
        AssertSurvived();
    }

    [Fact]
    public void R13_receive_buffers_that_may_not_be_written_go_back_unused()
    {
        using (RawFrontEnd client = Connect())
        {
            client.Start();
            byte[] before = client.Memory.Bytes.Slice(To, 0x2000).ToArray();
            for (int i = 0; i < 256; i++)
            {
                client.Rings[0].Describe(i, Guest(To), 2048);
                client.Rings[0].Offer((ushort)i);
            }
            Transmit(client, [72]);
            Assert.True(RawFrontEnd.WaitUntil(() => client.Rings[1].UsedIndex == 1));
            VhostServerInfo info = Server.Snapshot();
            Assert.Equal(256, info.Drops[nameof(DropReason.WrongDirection)]);
            Assert.Equal(1, info.Drops[nameof(DropReason.NoReceiveBuffer)]);
            Assert.Equal(256, client.Rings[0].UsedIndex);
            for (int i = 0; i < 256; i++) Assert.Equal(((uint)i, 0u), client.Rings[0].Used(i));
            Assert.Equal(before, client.Memory.Bytes.Slice(To, 0x2000).ToArray());
            Assert.True(client.PassPacket());
        }
        AssertSurvived();
    }

    [Theory]
    [InlineData("R-14 merged, a full burst of 16 bytes each", 256, 16, true, 5000, 1, 19, 256)]
    [InlineData("R-14 merged, less than the header", 256, 11, true, 60, 256, 20, 256)]
    [InlineData("R-14 merged, no length", 256, 0, true, 60, 256, 20, 256)]
    [InlineData("R-14 merged, too few", 4, 16, true, 60, 0, 20, 0)]
    [InlineData("R-14 alone, one byte short", 256, 71, false, 60, 20, 0, 20)]
    [InlineData("R-14 alone, no length", 256, 0, false, 60, 256, 20, 256)]
    public void Receive_buffers_that_are_all_too_small_drop_every_packet_and_hold_nobody_up(string name, int buffers, int size, bool merged, int packet, int tooSmall, int noBuffer, int returned)
    {
        Assert.StartsWith("R-14", name, StringComparison.Ordinal);
        using (RawFrontEnd client = Connect())
        {
            client.Start(exclude: merged ? 0 : VirtioFeatures.MrgRxbuf);
            Receive(client, [.. Enumerable.Repeat(size, buffers)]);
            for (int i = 1; i <= 20; i++)
            {
                Transmit(client, [12 + packet]);
                Assert.True(RawFrontEnd.WaitUntil(() => client.Rings[1].UsedIndex == i), "The transmitted buffer was not returned.");
            }
            client.GetFeatures(); // is answered
            VhostServerInfo info = Server.Snapshot();
            Assert.Equal(EndpointState.Running, info.State);
            Assert.Equal(tooSmall, info.Drops.GetValueOrDefault(nameof(DropReason.ReceiveBufferTooSmall)));
            Assert.Equal(noBuffer, info.Drops.GetValueOrDefault(nameof(DropReason.NoReceiveBuffer)));
            Assert.Equal(tooSmall + noBuffer, info.Dropped);
            Assert.Equal(returned, client.Rings[0].UsedIndex);
            for (int i = 0; i < returned; i++) Assert.Equal(((uint)i, 0u), client.Rings[0].Used(i));
        }
        AssertSurvived();
    }

    [Theory]
    [InlineData("R-14 small buffers that suffice together", 60, 16, 16, 16, 16, 8)]
    [InlineData("R-14 buffers of no length between", 60, 12, 0, 0, 60)]
    [InlineData("N-3 the longest packet, far beyond an MTU", 65550, 2048, 63514)]
    public void A_packet_that_fits_only_merged_buffers_comes_back(string name, int packet, params int[] buffers)
    {
        Assert.Matches("^(R-14|N-3)", name);
        using (RawFrontEnd client = Connect())
        {
            client.Start();
            for (int i = 0; i < packet; i++) client.Memory.Bytes[From + 12 + i] = (byte)(i * 7);
            client.Memory.Bytes.Slice(From, 12).Clear();
            Receive(client, buffers);
            Transmit(client, [12 + packet]);
            Assert.True(RawFrontEnd.WaitUntil(() => client.Rings[0].UsedIndex == buffers.Length), Server.Snapshot().Fault);
            Assert.Equal(buffers, Enumerable.Range(0, buffers.Length).Select(slot => (int)client.Rings[0].Used(slot).Length));
            Assert.Equal(buffers.Length, BitConverter.ToUInt16(client.Memory.Bytes.Slice(To + 10, 2)));
            Assert.True(client.Memory.Bytes.Slice(From + 12, packet).SequenceEqual(client.Memory.Bytes.Slice(To + 12, packet)));
        }
        AssertSurvived();
    }

    /// <summary>Offers one chain whose descriptors follow each other in memory; a negative length is a writable one.</summary>
    private static void Transmit(RawFrontEnd client, int[] lengths, int from = From)
    {
        for (int i = 0; i < lengths.Length; i++)
        {
            DescriptorFlags flags = (lengths[i] < 0 ? Write : None) | (i == lengths.Length - 1 ? None : Next);
            client.Rings[1].Describe(i, Guest(from), (uint)Math.Abs(lengths[i]), flags, (ushort)(i + 1));
            from += Math.Abs(lengths[i]);
        }
        client.Rings[1].Offer(0);
        client.Signal(1);
    }

    /// <summary>Posts receive buffers of these sizes that follow each other in memory.</summary>
    private static void Receive(RawFrontEnd client, params int[] sizes)
    {
        int offset = To;
        for (int i = 0; i < sizes.Length; i++)
        {
            client.Rings[0].Describe(i, Guest(offset), (uint)sizes[i], Write);
            client.Rings[0].Offer((ushort)i);
            offset += sizes[i];
        }
    }

    private void AssertDropped(RawFrontEnd client, DropReason reason)
    {
        Assert.True(RawFrontEnd.WaitUntil(() => client.Rings[1].UsedIndex == 1), Server.Snapshot().Fault);
        Assert.Equal((0u, 0u), client.Rings[1].Used(0));
        VhostServerInfo info = Server.Snapshot();
        Assert.Equal(1, info.Drops[reason.ToString()]);
        Assert.Equal(1, info.Dropped);
        Assert.Equal(0, client.Rings[0].UsedIndex);
    }
}
