using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;
using static VhostUser.Protocol.FrontEndRequest;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Groups S and M where more than one message matters: order, disconnects, and memory that changes under running rings.</summary>
public sealed class LifecycleTests : HostileTest
{
    /// <summary>What becomes of each request as the very first message; null: it is accepted.</summary>
    public static TheoryData<string, uint, string?> First
    {
        get
        {
            var data = new TheoryData<string, uint, string?>();
            foreach (MessageRule rule in MessageTable.Rules)
            {
                VhostError? error = rule.Gate != 0 || rule.Request == IotlbMsg /* its gate is a virtio feature */ ? VhostError.RequestNotNegotiated
                    : !BackEnd.Supports(rule.Request) ? VhostError.RequestNotSupported
                    : rule.Request == SetMemTable ? VhostError.MessageSizeInvalid // zeros: no region
                    : rule.Request == SetVringNum ? VhostError.RingSizeInvalid : null;
                data.Add($"S-1 {rule.Name}", (uint)rule.Request, error?.ToString());
            }
            return data;
        }
    }

    private static readonly (string Name, Action<RawFrontEnd> Do)[] s_steps =
    [
        ("connect", _ => { }),
        ("SET_OWNER", client => client.SetOwner()),
        ("GET_FEATURES, reply unread", client => client.Send(GetFeatures)),
        ("negotiate", client => client.Negotiate(RawFrontEnd.AllProtocolFeatures & ~ProtocolFeatures.ReplyAck)),
        ("SET_MEM_TABLE", client => client.SetMemTable()),
        ("SET_VRING_NUM", client => client.SetVringNum(0)),
        ("SET_VRING_BASE", client => client.SetVringBase(0)),
        ("SET_VRING_ADDR", client => client.SetVringAddr(0)),
        ("SET_VRING_CALL", client => client.SetVringCall(0)),
        ("SET_VRING_KICK", client => client.SetVringKick(0)),
        ("the other ring", client => client.SetUpRing(1)),
        ("SET_VRING_ENABLE", client => client.SetVringEnable(0)),
        ("SET_VRING_ENABLE of the other ring", client => client.SetVringEnable(1)),
        ("a packet", client => Assert.True(client.PassPacket())),
        ("a packet without waiting", client => Offer(client)),
        ("GET_VRING_BASE, reply unread", client => client.Send(GetVringBase, RawMessage.State(0, 0))),
        ("GET_VRING_BASE", client => client.GetVringBase(1)),
    ];

    public static TheoryData<string, int> Steps
    {
        get
        {
            var data = new TheoryData<string, int>();
            for (int i = 0; i < s_steps.Length; i++) data.Add($"S-6 after {s_steps[i].Name}", i);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(First))]
    public void A_message_alone_is_answered_accepted_or_ends_the_session(string name, uint request, string? error)
    {
        Assert.StartsWith("S-1", name, StringComparison.Ordinal);
        MessageTable.TryGet((FrontEndRequest)request, out MessageRule rule);
        using (RawFrontEnd client = Connect())
        {
            StateCases.Dummy(name, rule, default).Send(client, RawMessage.Version);
            if (error is not null)
            {
                AssertEnded(client, Enum.Parse<VhostError>(error), rule.Name);
            }
            else
            {
                if (rule.Reply == ReplyRule.Always)
                {
                    using RawMessage? reply = client.Socket.Receive();
                    Assert.Equal(request, reply!.Request);
                    Assert.Equal(RawMessage.Reply, reply.Flags);
                    Assert.Equal(rule.ReplySize, reply.Payload.Length);
                }
                client.Start();
                Assert.True(client.PassPacket());
            }
        }
        AssertSurvived();
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void A_disconnect_in_any_state_leaves_nothing_behind(string name, int last)
    {
        Assert.StartsWith("S-6", name, StringComparison.Ordinal);
        using (RawFrontEnd client = Connect())
        {
            for (int i = 0; i <= last; i++) s_steps[i].Do(client);
        }
        AssertSurvived();
    }

    [Fact]
    public void S5_owner_twice_is_accepted_and_reset_owner_in_traffic_disables_the_rings()
    {
        using (RawFrontEnd client = Connect())
        {
            client.Start();
            Assert.True(client.PassPacket());
            Assert.Equal(0UL, client.Ask(SetOwner));
            Assert.Equal(0UL, client.Ask(SetOwner));
            Assert.True(client.PassPacket());
            Assert.Equal(0UL, client.Ask(ResetOwner));
            ushort received = client.Rings[0].UsedIndex;
            Offer(client);
            // The packet is taken and thrown away: vhost-user, "Ring states", a disabled ring.
            Assert.True(RawFrontEnd.WaitUntil(() => client.Rings[1].UsedIndex == client.Rings[1].AvailableIndex));
            Assert.Equal(received, client.Rings[0].UsedIndex);
            for (int ring = 0; ring < 2; ring++) client.SetVringEnable(ring);
            Assert.True(client.PassPacket());
        }
        AssertSurvived();
    }

    [Fact]
    public void S7_a_second_client_is_turned_away_and_the_first_one_goes_on()
    {
        using (RawFrontEnd first = Connect())
        {
            first.Start();
            Assert.True(first.PassPacket());
            for (int i = 0; i < 20; i++)
            {
                using RawFrontEnd second = Connect();
                second.Send(GetFeatures);
                Assert.True(second.Socket.WaitForClose());
                Assert.True(first.PassPacket());
            }
            Assert.Equal(20, Server.Snapshot().Rejected);
        }
        AssertSurvived();
    }

    [Fact]
    public void A_client_that_reconnects_at_once_is_never_turned_away()
    {
        for (int i = 0; i < 100; i++)
        {
            using RawFrontEnd client = Connect();
            client.Start();
            if (i % 10 == 0) Assert.True(client.PassPacket());
        }
        Assert.Equal(0, Server.Snapshot().Rejected);
        AssertSurvived();
    }

    [Theory]
    [InlineData("M-6 emptied", 0)]
    [InlineData("M-6 cut behind the rings", GuestMemory.Buffers)]
    public void Memory_truncated_under_running_rings_ends_the_session_and_not_the_process(string name, int length)
    {
        Assert.StartsWith("M-6", name, StringComparison.Ordinal);
        using (RawFrontEnd attacker = Connect(new GuestMemory(sealable: false)))
        {
            attacker.Start();
            Assert.True(attacker.PassPacket());
            if (length > 0) Offer(attacker, signal: false);
            Libc.SetLength(attacker.Memory.File.Number, length);
            attacker.Signal(1);
            AssertEnded(attacker, VhostError.MemoryTruncated, "truncated a memory region");
        }
        AssertSurvived();
    }

    [Fact]
    public void M6_memory_that_can_be_sealed_can_not_be_truncated()
    {
        using (RawFrontEnd client = Connect())
        {
            client.Start();
            Assert.Throws<LinuxException>(() => Libc.SetLength(client.Memory.File.Number, 0));
            Assert.True(client.PassPacket());
        }
        AssertSurvived();
    }

    [Fact]
    public void M9_a_memory_table_set_again_while_rings_run_lets_traffic_continue()
    {
        using (RawFrontEnd client = Connect())
        {
            client.Start();
            for (int i = 0; i < 50; i++)
            {
                Assert.True(client.PassPacket());
                client.SetMemTable();
            }
            Assert.True(client.PassPacket());
            Assert.Equal(51, Server.Snapshot().PacketsReceived);
        }
        AssertSurvived();
    }

    [Fact]
    public void H4_a_region_of_a_tebibyte_is_mapped_without_being_held()
    {
        using (RawFrontEnd client = Connect())
        {
            client.Start();
            using FileDescriptor sparse = Libc.MemfdCreate("vhost-sparse", Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING);
            Libc.SetLength(sparse.Number, 1L << 40);
            var row = new SingleMemoryRegionPayload { Region = new() { GuestAddress = 1UL << 45, UserAddress = 1UL << 45, Size = 1UL << 40 } };
            Assert.Equal(0UL, client.Ask(AddMemReg, RawMessage.Of(row), sparse.Number));
            Assert.True(client.PassPacket());
        }
        AssertSurvived();
    }

    [Fact]
    public void M8_regions_come_and_go_while_rings_run()
    {
        using (RawFrontEnd client = Connect())
        {
            client.Start();
            var row = new SingleMemoryRegionPayload { Region = new() { GuestAddress = 0x5000, UserAddress = 0x5000, Size = 0x1000, MmapOffset = 0x100 } };
            for (int i = 0; i < 50; i++)
            {
                Assert.Equal(0UL, client.Ask(AddMemReg, RawMessage.Of(row), client.Memory.File.Number));
                Assert.True(client.PassPacket());
                int[] unneeded = i % 2 == 0 ? [] : [client.Memory.File.Number]; // it may bring a descriptor, which is closed
                Assert.Equal(0UL, client.Ask(RemMemReg, RawMessage.Of(row), unneeded));
                Assert.True(client.PassPacket());
            }
        }
        AssertSurvived();
    }

    private static void Offer(RawFrontEnd client) => Offer(client, signal: true);

    private static void Offer(RawFrontEnd client, bool signal)
    {
        client.Rings[1].Describe(200, GuestMemory.GuestAddress + (ulong)client.Memory.Buffer(200), 100);
        client.Rings[1].Offer(200);
        if (signal) client.Signal(1);
    }
}
