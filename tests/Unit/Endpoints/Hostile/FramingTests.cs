using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;
using static VhostUser.Protocol.FrontEndRequest;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Group F: the stream and its headers.</summary>
public sealed class FramingTests : HostileTest
{
    /// <summary>F-2 and F-3: name, request, size field, bytes of payload that follow.</summary>
    public static TheoryData<string, uint, uint> Sizes
    {
        get
        {
            var data = new TheoryData<string, uint, uint>();
            foreach (MessageRule rule in MessageTable.Rules)
            {
                foreach (uint size in new uint[] { (uint)rule.MaxSize + 1, 4097, int.MaxValue, 0x8000_0000, uint.MaxValue }) data.Add($"F-2 {rule.Name} of {size}", (uint)rule.Request, size);
                if (rule.Size > 0) data.Add($"F-3 {rule.Name} of {rule.Size - 1}", (uint)rule.Request, (uint)rule.Size - 1);
                if (rule.Size > 1) data.Add($"F-3 {rule.Name} of 0", (uint)rule.Request, 0);
            }
            data.Add("F-2 request 0 of 4097", 0, 4097);
            data.Add("F-2 request 46 of 0xffffffff", 46, uint.MaxValue);
            return data;
        }
    }

    [Theory]
    [InlineData("F-4 version 0", 0, "version 0, expected 1")]
    [InlineData("F-4 version 2", 2, "version 2, expected 1")]
    [InlineData("F-4 version 3", 3, "version 3, expected 1")]
    [InlineData("F-4 reply bit", 5, "the reply bit")]
    [InlineData("F-4 reserved bit 4", 0x11, "reserved flag bits 0x10")]
    [InlineData("F-4 reserved bit 31", 0x80000001, "reserved flag bits 0x80000000")]
    [InlineData("F-4 all bits", 0xffffffff, "version 3")]
    public void Wrong_flags_end_the_session(string name, uint flags, string words)
    {
        Assert.StartsWith("F-4", name, StringComparison.Ordinal);
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Negotiate();
            attacker.Send(GetFeatures, [], [], flags);
            AssertEnded(attacker, VhostError.MessageHeaderInvalid, "GET_FEATURES", $"0x{flags:x}", words);
        }
        AssertSurvived();
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_size_that_the_request_does_not_have_ends_the_session_before_the_payload_is_read(string name, uint request, uint size)
    {
        Assert.StartsWith("F-", name, StringComparison.Ordinal);
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Socket.Send(RawMessage.Bytes(request, [], RawMessage.Version, size));
            AssertEnded(attacker, VhostError.MessageSizeInvalid, MessageTable.NameOf((FrontEndRequest)request), $"a payload of {size} bytes", "expected");
        }
        AssertSurvived();
    }

    [Fact]
    public void F1_every_message_may_come_byte_by_byte()
    {
        using (RawFrontEnd client = Connect())
        {
            Trickle(client, RawMessage.Bytes(SetOwner));
            Trickle(client, RawMessage.Bytes(GetFeatures));
            using (RawMessage? reply = client.Socket.Receive()) Assert.Equal((ulong)BackEndOptions.DefaultFeatures, reply!.UInt64);
            Trickle(client, RawMessage.Bytes(SetMemTable, RawMessage.MemoryTable([client.Memory.Row])), client.Memory.File.Number);
            client.Start();
            Assert.True(client.PassPacket());
        }
        AssertSurvived();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(19)]
    public void F1_half_a_message_and_a_close_is_told(int bytes)
    {
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Negotiate();
            attacker.Socket.Send(RawMessage.Bytes(SetVringNum, RawMessage.State(0, 256)).AsSpan(0, bytes));
        }
        Assert.True(RawFrontEnd.WaitUntil(() => Server.Snapshot().FaultId == nameof(VhostError.MessageIncomplete)));
        Assert.Contains($"{bytes} bytes into a message", Server.Snapshot().Fault, StringComparison.Ordinal);
        AssertSurvived();
    }

    [Fact]
    public void F1_half_a_message_with_its_descriptor_and_a_close_leaks_nothing()
    {
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Negotiate();
            attacker.Socket.Send(RawMessage.Bytes(SetVringKick, RawMessage.Of(0UL)).AsSpan(0, 14), [attacker.Kick(0), attacker.Kick(1)]);
        }
        AssertSurvived();
    }

    [Fact]
    public void F6_two_messages_in_one_write_are_two_messages()
    {
        using (RawFrontEnd client = Connect())
        {
            client.Socket.Send([.. RawMessage.Bytes(SetOwner), .. RawMessage.Bytes(GetFeatures), .. RawMessage.Bytes(GetProtocolFeatures), .. RawMessage.Bytes(SetVringNum, RawMessage.State(0, 256)), .. RawMessage.Bytes(GetVringBase, RawMessage.State(1, 0))]);
            foreach (FrontEndRequest expected in new[] { GetFeatures, GetProtocolFeatures, GetVringBase })
            {
                using RawMessage? reply = client.Socket.Receive();
                Assert.Equal((uint)expected, reply!.Request);
                Assert.Equal(RawMessage.Reply, reply.Flags);
                Assert.Equal(8, reply.Payload.Length);
            }
            client.Start();
            Assert.True(client.PassPacket());
        }
        AssertSurvived();
    }

    [Fact]
    public void F6_a_good_message_behind_a_bad_one_is_not_obeyed()
    {
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Socket.Send([.. RawMessage.Bytes(46), .. RawMessage.Bytes(GetFeatures)]);
            Assert.Null(attacker.Socket.Receive());
            AssertEnded(attacker, VhostError.RequestUnknown, "46");
        }
        AssertSurvived();
    }

    [Fact]
    public void F7_padding_that_is_not_zero_does_no_harm()
    {
        using (RawFrontEnd client = Connect())
        {
            byte[] table = RawMessage.MemoryTable([client.Memory.Row]);
            table.AsSpan(4, 4).Fill(0xff);
            client.Send(SetMemTable, table, [client.Memory.File.Number]);
            client.Start();
            Assert.True(client.PassPacket());
        }
        AssertSurvived();
    }

    [Fact]
    public void F8_a_peer_that_reads_no_reply_is_left()
    {
        using (RawFrontEnd attacker = Connect())
        {
            byte[] questions = [.. Enumerable.Repeat(RawMessage.Bytes(GetFeatures), 100).SelectMany(bytes => bytes)];
            long sent = 0;
            while (attacker.Socket.Send(questions)) Assert.True(++sent < 100_000, "A million messages were taken and no reply was read.");
            Assert.True(RawFrontEnd.WaitUntil(() => Server.Snapshot().FaultId == nameof(VhostError.PeerTimeout)), Server.Snapshot().FaultId);
            Assert.Contains("the peer does not read its socket", Server.Snapshot().Fault, StringComparison.Ordinal);
        }
        AssertSurvived();
    }

    [Fact]
    public void F9_a_silent_connection_does_not_keep_a_good_one_out()
    {
        using (RawFrontEnd silent = Connect())
        using (RawFrontEnd client = Connect())
        {
            client.Start();
            Assert.True(client.PassPacket());
            silent.Send(FrontEndRequest.SetOwner); // it speaks at last, and too late
            Assert.True(silent.Socket.WaitForClose());
            Assert.True(client.PassPacket());
            Assert.Equal(1, Server.Snapshot().Rejected);
        }
        AssertSurvived();
    }

    [Fact]
    public void F9_two_hundred_connections_one_after_another_are_each_served()
    {
        for (int i = 0; i < 200; i++)
        {
            using RawFrontEnd client = Connect();
            Assert.Equal(BackEndOptions.DefaultFeatures, client.GetFeatures());
        }
        Assert.Equal(200, Server.Snapshot().Sessions);
        Assert.Equal(0, Server.Snapshot().Rejected);
        AssertSurvived();
    }

    [Fact]
    public void F9_two_hundred_silent_connections_at_once_leave_room_for_a_good_one()
    {
        var silent = new List<RawSocket>();
        try
        {
            for (int i = 0; i < 200; i++) silent.Add(RawSocket.Connect(SocketPath));
            using RawFrontEnd client = Connect();
            client.Start();
            Assert.True(client.PassPacket());
        }
        finally
        {
            foreach (RawSocket socket in silent) socket.Dispose();
        }
        AssertSurvived();
    }

    [Fact]
    public void D2_a_descriptor_with_the_payload_instead_of_the_header_ends_the_session()
    {
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Negotiate();
            byte[] message = RawMessage.Bytes(SetVringKick, RawMessage.Of(0UL));
            attacker.Socket.Send(message.AsSpan(0, 12));
            attacker.Socket.Send(message.AsSpan(12), [attacker.Kick(0)]);
            AssertEnded(attacker, VhostError.MessageFdCountInvalid, "in the middle of a message");
        }
        AssertSurvived();
    }

    private static void Trickle(RawFrontEnd client, byte[] message, params int[] fds)
    {
        for (int i = 0; i < message.Length; i++) Assert.True(client.Socket.Send(message.AsSpan(i, 1), i == 0 ? fds : []));
    }
}
