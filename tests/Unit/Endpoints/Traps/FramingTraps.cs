using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Traps;

/// <summary>Traps of headers, sizes, descriptors and replies, with our server as the back-end.</summary>
public sealed class FramingTraps : TrapTest
{
    [Theory]
    [InlineData(FrontEndRequest.GetFeatures, 0)]
    [InlineData(FrontEndRequest.GetProtocolFeatures, 0)]
    [InlineData(FrontEndRequest.GetQueueNum, 0)]
    [InlineData(FrontEndRequest.GetMaxMemSlots, 0)]
    [InlineData(FrontEndRequest.GetVringBase, 8)]
    [InlineData(FrontEndRequest.SetOwner, 0)]
    [InlineData(FrontEndRequest.SetVringNum, 8)]
    public void T_01_Replies_carry_exactly_version_and_reply_flags(FrontEndRequest request, int payload)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate();
        byte[] bytes = payload == 0 ? [] : RawMessage.State(0, 256);
        Assert.True(front.Send(request, bytes, flags: RawMessage.NeedReply)); // a back-end that copies the flags answers 0xD
        using RawMessage? reply = front.Socket.Receive();
        Assert.Equal(5u, reply!.Flags);
        Assert.Equal((uint)request, reply.Request);
    }

    [Fact]
    public unsafe void T_02_Header_and_payload_of_a_reply_are_sent_together()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        byte* buffer = stackalloc byte[64];
        for (int i = 0; i < 300; i++)
        {
            front.Send(FrontEndRequest.GetFeatures);
            Assert.Equal(1, Libc.Poll([new pollfd { fd = front.Socket.Fd, events = Libc.POLLIN }], 5000));
            // As virtio_user and DPDK read: the header with one call and the payload with the next, neither of which waits.
            Assert.Equal(12, Libc.Read(front.Socket.Fd, buffer, 12));
            Assert.Equal(8, Libc.Read(front.Socket.Fd, buffer, 64));
        }
    }

    [Fact]
    public void T_02_A_request_that_arrives_byte_by_byte_is_put_together()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate();
        byte[] table = RawMessage.Bytes(FrontEndRequest.SetMemTable, RawMessage.MemoryTable([front.Memory.Row]));
        for (int i = 0; i < table.Length; i++) Assert.True(front.Socket.Send(table.AsSpan(i, 1), i == 0 ? [front.Memory.File.Number] : []));
        for (int ring = 0; ring < 2; ring++)
        {
            front.SetUpRing(ring);
            front.SetVringEnable(ring);
        }
        AssertPasses(front, server);
    }

    [Theory]
    [InlineData(FrontEndRequest.GetFeatures, 8)]
    [InlineData(FrontEndRequest.GetProtocolFeatures, 8)]
    [InlineData(FrontEndRequest.GetQueueNum, 8)]
    [InlineData(FrontEndRequest.GetMaxMemSlots, 8)]
    [InlineData(FrontEndRequest.GetStatus, 8)]
    [InlineData(FrontEndRequest.GetVringBase, 8)]
    [InlineData(FrontEndRequest.GetConfig, 12 + 6)]
    public void T_03_Replies_have_exactly_the_size_that_front_ends_check(FrontEndRequest request, int size)
    {
        using VhostServer server = Serve(options => options with { ConfigSpace = new byte[] { 2, 0, 0, 0, 0, 1 } });
        using RawFrontEnd front = Connect();
        front.Negotiate(RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.Status | ProtocolFeatures.Config);
        byte[] payload = request switch
        {
            FrontEndRequest.GetVringBase => RawMessage.State(1, 0),
            FrontEndRequest.GetConfig => [.. RawMessage.Of(0u), .. RawMessage.Of(6u), .. RawMessage.Of(0u), .. new byte[6]],
            _ => [],
        };
        using RawMessage reply = front.Get(request, payload);
        Assert.Equal(size, reply.Payload.Length);
    }

    [Fact]
    public void T_04_SET_LOG_BASE_is_refused_by_name_without_LOG_SHMFD()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate(protocol: ProtocolFeatures.None);
        front.Send(FrontEndRequest.SetLogBase, new byte[16], [front.Memory.File.Number]);
        AssertEnds(front, server, VhostError.RequestNotNegotiated, "SET_LOG_BASE needs protocol feature LogShmfd");
    }

    [Fact]
    public void T_05_NEED_REPLY_is_ignored_until_REPLY_ACK_is_negotiated()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Send(FrontEndRequest.SetOwner, flags: RawMessage.NeedReply);
        using RawMessage first = front.Get(FrontEndRequest.GetFeatures);
        Assert.Equal((uint)FrontEndRequest.GetFeatures, first.Request);
    }

    [Fact]
    public void T_05_With_REPLY_ACK_every_request_is_answered_once_even_those_with_a_reply_of_their_own()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate();
        // As cloud-hypervisor does: NEED_REPLY on everything.
        FrontEndRequest[] requests = [FrontEndRequest.GetFeatures, FrontEndRequest.SetOwner, FrontEndRequest.GetQueueNum, FrontEndRequest.SetOwner];
        foreach (FrontEndRequest request in requests) front.Send(request, flags: RawMessage.NeedReply);
        foreach (FrontEndRequest request in requests)
        {
            using RawMessage? reply = front.Socket.Receive();
            Assert.Equal((uint)request, reply!.Request);
            Assert.Equal(8, reply.Payload.Length);
        }
        Assert.Throws<TimeoutException>(() => front.Socket.Receive(Moment));
    }

    [Fact]
    public void T_06_GET_FEATURES_is_answered_at_any_time()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        VirtioFeatures offered = front.GetFeatures();
        front.Start(ProtocolFeatures.None);
        Assert.Equal(offered, front.GetFeatures()); // without REPLY_ACK QEMU uses it as a barrier behind SET_VRING_ENABLE
        AssertPasses(front, server);
        Assert.Equal(offered, front.GetFeatures());
        AssertPasses(front, server);
    }

    [Fact]
    public void T_07_Received_descriptors_are_not_inherited_by_child_processes()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        AssertPasses(front, server);
        const uint closeOnExec = 0x80000; // O_CLOEXEC as /proc shows it
        string kick = ReadFdInfo(front.Kick(1), "eventfd-id:")!;
        uint[] flags = [.. OpenFds().Where(fd => ReadFdInfo(fd, "eventfd-id:") == kick).Select(fd => Convert.ToUInt32(ReadFdInfo(fd, "flags:"), 8))];
        Assert.Equal(2, flags.Length); // the front-end's own, and the server's
        Assert.All(flags, value => Assert.Equal(closeOnExec, value & closeOnExec));
    }

    [Fact]
    public void T_08_Too_many_descriptors_end_the_session_and_none_of_them_stays_open()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate(ProtocolFeatures.None);
        string name = "trap-8-" + Guid.NewGuid().ToString("n");
        using FileDescriptor file = Libc.MemfdCreate(name, Libc.MFD_CLOEXEC);
        front.Send(FrontEndRequest.SetMemTable, RawMessage.MemoryTable([front.Memory.Row]), [.. Enumerable.Repeat(file.Number, 200)]);
        AssertEnds(front, server, VhostError.MessageFdCountInvalid, "SET_MEM_TABLE came with 200 file descriptor(s); expected 1");
        Assert.Single(OpenFds(), fd => LinkOf(fd).Contains(name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(FrontEndRequest.SetOwner, 0)]
    [InlineData(FrontEndRequest.GetFeatures, 0)]
    [InlineData(FrontEndRequest.SetVringNum, 8)]
    [InlineData(FrontEndRequest.SetVringBase, 8)]
    [InlineData(FrontEndRequest.SetVringEnable, 8)]
    public void T_09_A_descriptor_where_none_belongs_is_refused(FrontEndRequest request, int size)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate(ProtocolFeatures.None);
        front.Send(request, size == 0 ? [] : RawMessage.State(0, 1), [front.Kick(0)]);
        AssertEnds(front, server, VhostError.MessageFdCountInvalid, $"{MessageTable.NameOf(request)} came with 1 file descriptor(s); expected 0");
    }

    [Theory]
    [InlineData(0x11u, "reserved flag bits 0x10")]
    [InlineData(0x2u, "version 2")]
    [InlineData(0x5u, "the reply bit")]
    public void T_09_Flags_that_no_request_has_are_refused(uint flags, string names)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Send(FrontEndRequest.SetOwner, flags: flags);
        AssertEnds(front, server, VhostError.MessageHeaderInvalid, names);
    }

    [Fact]
    public void T_09_A_memory_table_without_regions_is_refused()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate();
        AssertRefuses(front.Ask(FrontEndRequest.SetMemTable, RawMessage.MemoryTable([])), server, "SET_MEM_TABLE counts 0 regions");
    }

    [Fact]
    public void T_10_Message_0_ends_the_session_and_nothing_else()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Socket.Send(RawMessage.Bytes(0u)); // libvhost-user ends its process here
        AssertEnds(front, server, VhostError.RequestUnknown, "Request 0");
    }

    [Theory]
    [InlineData(FrontEndRequest.GetInflightFd, 20, VhostError.MessageSizeInvalid)]
    [InlineData(FrontEndRequest.GetInflightFd, 24, VhostError.RequestNotNegotiated)]
    [InlineData(FrontEndRequest.IotlbMsg, 26, VhostError.MessageSizeInvalid)]
    [InlineData(FrontEndRequest.IotlbMsg, 32, VhostError.RequestNotNegotiated)]
    [InlineData(FrontEndRequest.AddMemReg, 32, VhostError.MessageSizeInvalid)]
    [InlineData(FrontEndRequest.AddMemReg, 40, VhostError.RequestNotNegotiated)]
    [InlineData(FrontEndRequest.SetVringAddr, 36, VhostError.MessageSizeInvalid)]
    [InlineData(FrontEndRequest.SetLogBase, 12, VhostError.MessageSizeInvalid)]
    public void T_38_Payload_sizes_are_those_of_the_padded_C_structs(FrontEndRequest request, int size, VhostError error)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate(ProtocolFeatures.None);
        front.Send(request, new byte[size]);
        AssertEnds(front, server, error, MessageTable.NameOf(request));
    }

    [Fact]
    public void T_39_GET_SHARED_OBJECT_without_its_uuid_is_answered_with_no_object_and_reported()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate(RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.SharedObject);
        using RawMessage reply = front.Get(FrontEndRequest.GetSharedObject); // QEMU leaves the uuid out
        Assert.Empty(reply.Fds);
        Assert.Contains("GET_SHARED_OBJECT came with a payload of 0 bytes", server.Snapshot().LastRefusal);
        Assert.Null(server.Snapshot().Fault);
    }

    private static IEnumerable<int> OpenFds() => Directory.GetFiles("/proc/self/fd").Select(path => int.Parse(Path.GetFileName(path), System.Globalization.CultureInfo.InvariantCulture));

    private static string LinkOf(int fd) => new FileInfo($"/proc/self/fd/{fd}").LinkTarget ?? "";

    private static string? ReadFdInfo(int fd, string key)
    {
        try
        {
            return File.ReadLines($"/proc/self/fdinfo/{fd}").FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?[key.Length..].Trim();
        }
        catch (IOException)
        {
            return null; // closed meanwhile, by a test that runs beside this one
        }
    }
}
