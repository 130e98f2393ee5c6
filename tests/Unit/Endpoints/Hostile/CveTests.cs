using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;
using static VhostUser.Protocol.FrontEndRequest;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>
/// What was published against other back-ends, sent to a live one. Those about rings and packets are named where their rules are tested:
/// tests of Rings, Devices and Memory.
/// </summary>
public sealed class CveTests : HostileTest
{
    [Fact]
    public void Descriptors_and_sizes_sent_again_and_again_leave_nothing_behind_CVE_2019_14818()
    {
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Negotiate(RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.Status);
            ResourceCount before = ResourceCount.Take();
            int[] extra = [.. Enumerable.Repeat(attacker.Kick(3), 8)];
            for (int i = 0; i < 2000; i++)
            {
                Assert.Equal(0UL, attacker.Ask(SetVringNum, RawMessage.State(0, 1u << (i % 16))));
                Assert.Equal(1UL, attacker.Ask(SetVringNum, RawMessage.State(0, 256), extra));
                Assert.Equal(1UL, attacker.Ask(SetVringKick, RawMessage.Of(0UL), extra));
                Assert.Equal(1UL, attacker.Ask(SetStatus, RawMessage.Of(0UL), extra));
            }
            before.AssertRestored();
        }
        AssertSurvived();
    }

    [Theory]
    [InlineData(SetVringNum)]
    [InlineData(SetVringBase)]
    [InlineData(SetVringEnable)]
    [InlineData(SetVringAddr)]
    public void A_ring_index_whose_lower_half_is_small_names_no_ring_CVE_2020_10723(FrontEndRequest request)
    {
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Start();
            foreach (uint index in new[] { 0x1_0000u, 0x1_0001u, 0x8000_0001u, 0xffff_0000u })
            {
                byte[] payload = request == SetVringAddr ? RawMessage.Of(attacker.Rings[1].Addresses with { Index = index }) : RawMessage.State(index, 0);
                Assert.Equal(1UL, attacker.Ask(request, payload));
                Assert.Contains($"names ring {index}", Server.Snapshot().LastRefusal, StringComparison.Ordinal);
            }
            Assert.True(attacker.PassPacket());
        }
        AssertSurvived();
    }

    /// <summary>Five of DPDK's vulnerabilities need a crypto session; a back-end that has none to offer refuses it, whatever lengths it holds.</summary>
    [Theory]
    [InlineData(CreateCryptoSession, 0)]
    [InlineData(CreateCryptoSession, 4096)]
    [InlineData(CloseCryptoSession, 8)]
    public void A_crypto_session_is_refused_by_name_CVE_2020_10724_CVE_2020_14375_CVE_2020_14376_CVE_2020_14377_CVE_2020_14378(FrontEndRequest request, int size)
    {
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Start();
            byte[] payload = new byte[size];
            payload.AsSpan().Fill(0xff);
            Assert.Equal(1UL, attacker.Ask(request, payload));
            Assert.Contains(MessageTable.NameOf(request), Server.Snapshot().LastRefusal, StringComparison.Ordinal);
            Assert.True(attacker.PassPacket());
        }
        AssertSurvived();
    }

    /// <summary>vmm-sys-util believed the count in front of an array: here it is SET_MEM_TABLE's, with less behind it than it says.</summary>
    [Theory]
    [InlineData(2u)]
    [InlineData(8u)]
    [InlineData(9u)]
    [InlineData(0xffff_ffffu)]
    public void A_count_of_regions_that_the_payload_does_not_hold_is_refused_CVE_2023_50711(uint count)
    {
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Start();
            Assert.Equal(1UL, attacker.Ask(SetMemTable, RawMessage.MemoryTable([attacker.Memory.Row], count), attacker.Memory.File.Number));
            Assert.Contains($"counts {count} regions", Server.Snapshot().LastRefusal, StringComparison.Ordinal);
            Assert.True(attacker.PassPacket());
        }
        AssertSurvived();
    }

    [Fact]
    public void Inflight_buffers_asked_for_again_and_again_leave_nothing_behind_CVE_2020_10726()
    {
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Negotiate(WithInflight);
            using (GetInflight(attacker, 2, 256)) { }
            ResourceCount before = ResourceCount.Take();
            for (int i = 0; i < 5000; i++) GetInflight(attacker, 2, 256).Dispose();
            before.AssertRestored();
        }
        AssertSurvived();
    }

    [Theory]
    [InlineData(3, 256)]
    [InlineData(256, 256)]
    [InlineData(65535, 256)]
    [InlineData(65535, 65535)] // the product wraps 32 bits
    public void An_inflight_buffer_for_more_rings_than_there_are_is_refused_CVE_2021_3839(ushort queues, ushort size)
    {
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Start(WithInflight);
            var payload = new InflightPayload { MmapSize = 1 << 20, QueueCount = queues, QueueSize = size };
            Assert.Equal(1UL, attacker.Ask(SetInflightFd, RawMessage.Of(payload), attacker.Memory.File.Number));
            Assert.Contains($"{queues} rings", Server.Snapshot().LastRefusal, StringComparison.Ordinal);
            using (RawMessage reply = GetInflight(attacker, queues, size)) Assert.Empty(reply.Fds);
            Assert.True(attacker.PassPacket());
        }
        AssertSurvived();
    }

    [Theory]
    [InlineData(GetInflightFd, 1)]
    [InlineData(GetInflightFd, 8)]
    [InlineData(SetInflightFd, 0)]
    [InlineData(SetInflightFd, 2)]
    [InlineData(SetInflightFd, 8)]
    public void Descriptors_that_an_inflight_message_must_not_have_are_closed_CVE_2022_0669(FrontEndRequest request, int count)
    {
        for (int i = 0; i < 20; i++)
        {
            using RawFrontEnd attacker = Connect();
            attacker.Negotiate(WithInflight);
            attacker.Send(request, RawMessage.Of(new InflightPayload { MmapSize = 4096, QueueCount = 2, QueueSize = 64 }), [.. Enumerable.Repeat(attacker.Memory.File.Number, count)]);
            AssertEnded(attacker, VhostError.MessageFdCountInvalid, MessageTable.NameOf(request), $"came with {count}");
        }
        AssertSurvived();
    }

    private const ProtocolFeatures WithInflight = RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.InflightShmfd;

    private static RawMessage GetInflight(RawFrontEnd attacker, ushort queues, ushort size) =>
        attacker.Get(GetInflightFd, RawMessage.Of(new InflightPayload { QueueCount = queues, QueueSize = size }));
}
