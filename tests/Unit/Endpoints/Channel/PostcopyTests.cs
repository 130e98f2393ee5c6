using System.Runtime.InteropServices;
using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Channel;

/// <summary>Post-copy: a front-end that keeps a page until the back-end touches it (T-45).</summary>
public sealed class PostcopyTests : ChannelTest
{
    [UserFaultFact]
    public void T_45_A_page_arrives_when_the_back_end_touches_it()
    {
        using VhostServer server = ServePostcopy();
        using RawFrontEnd front = Connect();
        using FileDescriptor fault = Advise(front);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.PostcopyListen));
        ulong address = ShareMemory(front);
        for (int ring = 0; ring < 2; ring++) front.SetUpRing(ring);
        for (int ring = 0; ring < 2; ring++) front.SetVringEnable(ring);
        int buffer = front.Memory.Buffer(2); // a page that nobody has touched: it is not in the file
        Assert.Equal(0, buffer % 4096);
        front.Rings[1].Describe(0, GuestMemory.GuestAddress + (ulong)buffer, (uint)front.HeaderLength + 100);
        front.Rings[0].Describe(0, GuestMemory.GuestAddress + (ulong)front.Memory.Buffer(64), 2048, VhostUser.Rings.DescriptorFlags.Write);
        front.Memory.Bytes[front.Memory.Buffer(64)] = 0;
        front.Rings[0].Offer(0);
        front.Rings[1].Offer(0);
        front.Signal(1);
        ulong missing = NextFault(fault);
        Assert.Equal(address + (ulong)buffer, missing & ~4095ul);
        Assert.Equal(0, front.Rings[1].UsedIndex); // it waits
        byte[] page = new byte[4096];
        page.AsSpan(front.HeaderLength, 100).Fill(0x77);
        Copy(fault, missing & ~4095ul, page);
        Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[0].UsedIndex == 1));
        Assert.All(front.Memory.Bytes.Slice(front.Memory.Buffer(64) + front.HeaderLength, 100).ToArray(), value => Assert.Equal(0x77, value));
        Assert.Equal(0ul, front.GetUInt64(FrontEndRequest.PostcopyEnd));
        AssertPasses(front, server);
    }

    [UserFaultFact]
    public void A_front_end_that_goes_away_with_the_pages_does_not_keep_the_server()
    {
        using VhostServer server = ServePostcopy();
        using (RawFrontEnd front = Connect())
        {
            using FileDescriptor fault = Advise(front);
            Assert.Equal(0ul, front.Ask(FrontEndRequest.PostcopyListen));
            ShareMemory(front);
            for (int ring = 0; ring < 2; ring++) front.SetUpRing(ring);
            for (int ring = 0; ring < 2; ring++) front.SetVringEnable(ring);
            front.Rings[1].Describe(0, GuestMemory.GuestAddress + (ulong)front.Memory.Buffer(2), 100);
            front.Rings[1].Offer(0);
            front.Signal(1);
            NextFault(fault);
        }
        Assert.True(server.WaitFor([EndpointState.Listening], Limit));
    }

    [UserFaultFact]
    public void The_order_is_advise_listen_memory_and_an_acknowledgement()
    {
        using VhostServer server = ServePostcopy();
        using RawFrontEnd front = Connect();
        front.Negotiate(ChannelFeatures | ProtocolFeatures.Pagefault);
        AssertRefuses(front.Ask(FrontEndRequest.PostcopyListen), server, "POSTCOPY_LISTEN", "POSTCOPY_ADVISE");
        using (RawMessage reply = front.Get(FrontEndRequest.PostcopyAdvise)) Assert.Single(reply.Fds);
        front.Ask(FrontEndRequest.PostcopyListen);
        front.Send(FrontEndRequest.SetMemTable, RawMessage.MemoryTable([front.Memory.Row]), [front.Memory.File.Number]);
        using (RawMessage table = front.Socket.Receive()!) Assert.Equal(40, table.Payload.Length);
        front.Send(FrontEndRequest.GetFeatures); // instead of the acknowledgement
        Assert.True(front.Socket.WaitForClose(Limit));
    }

    [UserFaultFact]
    public unsafe void T_45_Our_client_brings_pages_when_our_server_touches_them_and_the_rest_at_the_end()
    {
        using VhostServer server = ServePostcopy();
        using SharedRegion region = Region(), source = Region();
        long pages = source.Size / 4096;
        for (long page = 0; page < pages; page++) new Span<byte>((byte*)source.MappingAddress + page * 4096, 4096).Fill((byte)(page % 251 + 1));
        using VhostClient client = Client(region, options => options with { PostcopySource = source, PostcopyPush = false });
        Assert.DoesNotContain("ConfigureMemSlots", client.Snapshot().ProtocolFeatures);
        Echo(client, 3); // the server writes into receive buffers that nobody has touched
        VhostClientInfo info = client.Snapshot();
        Assert.InRange(info.PostcopyFaults, 1, pages);
        Assert.InRange(info.PostcopyPages, 1, pages - 1);
        client.CompletePostcopy(Limit);
        info = client.Snapshot();
        Assert.Null(info.LastRefusal);
        // The last page of the region is no ring's and no buffer's.
        Assert.Equal((byte)((pages - 1) % 251 + 1), *((byte*)region.MappingAddress + region.Size - 1));
        Echo(client, 3);
        Assert.Equal(info.PostcopyPages, client.Snapshot().PostcopyPages);
        Assert.Equal(["lab1", "lab2"], new[] { region, source }.Where(one => one.Snapshot().Clients.Contains("vm")).Select(one => one.Name));
    }

    [UserFaultFact]
    public void Our_client_ends_post_copy_by_itself_when_all_pages_are_there()
    {
        using VhostServer server = ServePostcopy();
        using SharedRegion region = Region(), source = Region();
        using VhostClient client = Client(region, options => options with { PostcopySource = source });
        Echo(client, 10);
        client.CompletePostcopy(Limit); // waits for what is under way
        Assert.Null(client.Snapshot().LastRefusal);
        Echo(client, 10);
        Assert.Null(server.Snapshot().Fault);
    }

    [Fact]
    public void A_back_end_without_a_userfaultfd_fails_the_connection_by_that_name()
    {
        using SharedRegion region = Region(), source = Region();
        using var back = new Traps.ScriptedBackEnd(SocketPath)
        {
            ProtocolOffer = ProtocolFeatures.ReplyAck | ProtocolFeatures.Pagefault,
            Private = request => request == (uint)FrontEndRequest.PostcopyAdvise ? [] : null,
        }.Start();
        VhostException error = Assert.Throws<VhostException>(() => Client(region, options => options with { PostcopySource = source }));
        Assert.Equal(VhostError.PlatformNotSupported, error.Error);
        Assert.Contains("userfaultfd", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(back.Requests, request => request.Request == FrontEndRequest.SetMemTable);
    }

    [UserFaultFact]
    public void P_1_A_back_end_whose_table_has_another_size_fails_the_connection()
    {
        using SharedRegion region = Region(), source = Region();
        using FileDescriptor fault = Libc.UserFaultFd();
        using var back = new Traps.ScriptedBackEnd(SocketPath)
        {
            ProtocolOffer = ProtocolFeatures.ReplyAck | ProtocolFeatures.Pagefault,
            Private = request => request switch { (uint)FrontEndRequest.PostcopyAdvise => [], (uint)FrontEndRequest.SetMemTable => new byte[8], _ => null },
            Carry = request => request == FrontEndRequest.PostcopyAdvise ? [fault.Number] : [],
        }.Start();
        VhostException error = Assert.Throws<VhostException>(() => Client(region, options => options with { PostcopySource = source }));
        Assert.Equal(VhostError.ReplyInvalid, error.Error);
        Assert.Contains("SET_MEM_TABLE", error.Message, StringComparison.Ordinal);
        back.AssertContent();
        Assert.Empty(region.Snapshot().Clients);
        Assert.Empty(source.Snapshot().Clients);
    }

    [Fact]
    public void A_back_end_that_offers_no_PAGEFAULT_fails_the_connection_by_that_name()
    {
        using VhostServer server = Serve();
        using SharedRegion region = Region(), source = Region();
        VhostException error = Assert.Throws<VhostException>(() => Client(region, options => options with { PostcopySource = source }));
        Assert.Equal(VhostError.FeatureMissing, error.Error);
        Assert.Contains("Pagefault", error.Message, StringComparison.Ordinal);
    }

    [UserFaultFact]
    public void A_back_end_that_waits_for_a_page_outside_its_region_is_told_and_gets_none()
    {
        using VhostServer server = ServePostcopy();
        using FileDescriptor fault = Libc.UserFaultFd();
        using SharedRegion source = Region();
        using var feed = new PostcopyFeed(fault.Duplicate(), 0x1000, source, "test", () => { });
        feed.PushAll(); // nothing at that address is watched
        Assert.True(feed.WaitForEnd(Limit));
        Assert.Contains("before every page was there", feed.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_that_can_not_serve_is_refused_before_anything_is_connected()
    {
        using SharedRegion region = Region();
        using SharedRegion small = SharedRegion.Create(new SharedRegionOptions { Name = "small", Size = 1 << 20 });
        Refuse("the region itself", options => options with { PostcopySource = region });
        Refuse("has 1,048,576 bytes", options => options with { PostcopySource = small });
        using SharedRegion other = Region();
        Refuse("Reconnect", options => options with { PostcopySource = other, Reconnect = true });
        Refuse("2 regions", options => options with { Regions = [region, small], PostcopySource = small });

        void Refuse(string words, Func<VhostClientOptions, VhostClientOptions> with)
        {
            VhostException error = Assert.Throws<VhostException>(() => Client(region, with));
            Assert.Equal(VhostError.InvalidArgument, error.Error);
            Assert.Contains(words, error.Message, StringComparison.Ordinal);
        }
    }

    private VhostServer ServePostcopy() => Serve(options => options with { OfferProtocolFeatures = ProtocolFeatures.Pagefault });

    private static FileDescriptor Advise(RawFrontEnd front)
    {
        front.Negotiate(ChannelFeatures | ProtocolFeatures.Pagefault);
        using RawMessage reply = front.Get(FrontEndRequest.PostcopyAdvise);
        return Assert.Single(reply.Fds).Duplicate();
    }

    /// <summary>SET_MEM_TABLE in post-copy; returns where the back-end has mapped the region.</summary>
    private static ulong ShareMemory(RawFrontEnd front)
    {
        front.Rings[0].AvailableIndex = 0; // the pages of the rings are here already
        for (int offset = 0; offset < GuestMemory.Buffers; offset += 4096) front.Memory.Bytes[offset] = 0;
        front.Send(FrontEndRequest.SetMemTable, RawMessage.MemoryTable([front.Memory.Row]), [front.Memory.File.Number]);
        using RawMessage table = front.Socket.Receive()!;
        Assert.Equal(((uint)FrontEndRequest.SetMemTable, RawMessage.Reply), (table.Request, table.Flags));
        MemoryRegionDescription row = MemoryMarshal.Read<MemoryRegionDescription>(table.Payload.AsSpan(8));
        Assert.Equal((GuestMemory.GuestAddress, (ulong)front.Memory.Size), (row.GuestAddress, row.Size));
        Assert.NotEqual(GuestMemory.UserAddress, row.UserAddress);
        front.Send(FrontEndRequest.SetMemTable, RawMessage.Of(0ul));
        return row.UserAddress;
    }

    private static unsafe ulong NextFault(FileDescriptor fault)
    {
        Assert.True(Libc.Poll([new pollfd { fd = fault.Number, events = Libc.POLLIN }], 10_000) > 0, "no page fault came");
        ulong* message = stackalloc ulong[4]; // struct uffd_msg: event, flags, address
        Assert.Equal(32, Libc.Read(fault.Number, message, 32));
        Assert.Equal(0x12, *(byte*)message); // UFFD_EVENT_PAGEFAULT
        return message[2];
    }

    private static unsafe void Copy(FileDescriptor fault, ulong address, byte[] page)
    {
        fixed (byte* source = page) Libc.CopyMissing(fault.Number, address, source, 4096);
    }
}
