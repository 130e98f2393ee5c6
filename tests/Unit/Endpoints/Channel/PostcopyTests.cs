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
