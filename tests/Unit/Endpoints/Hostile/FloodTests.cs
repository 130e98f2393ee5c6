using System.Diagnostics;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;
using static VhostUser.Protocol.FrontEndRequest;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Too much of what is allowed: descriptors, kicks, counters that are full.</summary>
public sealed class FloodTests : HostileTest
{
    [Theory]
    [InlineData("D-6 call", SetVringCallNumber)]
    [InlineData("D-6 kick", SetVringCallNumber - 1)]
    [InlineData("D-6 err", SetVringCallNumber + 1)]
    public void Ten_thousand_descriptors_for_one_ring_leave_one(string name, uint request)
    {
        Assert.StartsWith("D-6", name, StringComparison.Ordinal);
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Start();
            ResourceCount before = ResourceCount.Take();
            for (int i = 0; i < 10_000; i++) Assert.True(attacker.Send((FrontEndRequest)request, RawMessage.Of(1UL), [attacker.Kick(2)]));
            // The reply comes when all before it is done.
            attacker.GetFeatures();
            Assert.InRange(ResourceCount.Take().Descriptors - before.Descriptors, 0, 1);
            attacker.SetVringKick(1);
            Assert.True(attacker.PassPacket());
        }
        AssertSurvived();
    }

    [Theory]
    [InlineData("D-4 blocking", 0)]
    [InlineData("D-4 semaphore", Semaphore)]
    public unsafe void A_call_or_kick_eventfd_at_its_maximum_blocks_nobody(string name, int flags)
    {
        Assert.StartsWith("D-4", name, StringComparison.Ordinal);
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Start(exclude: VirtioFeatures.EventIdx); // every packet is called for
            using FileDescriptor full = NativeFd.EventFd(flags);
            ulong max = ulong.MaxValue - 1;
            Assert.Equal(8, Libc.Write(full.Number, &max, 8));
            for (uint ring = 0; ring < 2; ring++) Assert.Equal(0UL, attacker.Ask(SetVringCall, RawMessage.Of((ulong)ring), full.Number));
            for (int i = 0; i < 10; i++) Assert.True(attacker.PassPacket());
            Assert.Equal(0UL, attacker.Ask(SetVringKick, RawMessage.Of(1UL), full.Number));
            Assert.Equal(Server.Snapshot().PacketsReceived, Server.Snapshot().PacketsSent);
        }
        AssertSurvived();
    }

    [Fact]
    public unsafe void D4_a_call_eventfd_that_is_made_blocking_and_full_after_it_was_sent_blocks_nobody()
    {
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Start(exclude: VirtioFeatures.EventIdx); // every packet is called for
            Assert.True(attacker.PassPacket());
            for (int ring = 0; ring < 2; ring++)
            {
                // The peer shares the open file, so its flags are the peer's to change at any time.
                ulong full = ulong.MaxValue - 1;
                EventFd.Consume(attacker.Call(ring));
                Assert.Equal(8, Libc.Write(attacker.Call(ring), &full, 8));
                NativeFd.MakeBlocking(attacker.Call(ring));
            }
            for (int i = 0; i < 10; i++) Assert.True(attacker.PassPacket());
        }
        AssertSurvived();
    }

    [Fact]
    public void R19_a_kick_storm_without_buffers_keeps_nobody_from_being_heard()
    {
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Start();
            for (int i = 0; i < 1_000_000; i++) attacker.Signal(1);
            var clock = Stopwatch.StartNew();
            attacker.GetFeatures();
            Server.Snapshot();
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
            Assert.True(attacker.PassPacket());
            Assert.Equal(1, Server.Snapshot().PacketsReceived);
        }
        AssertSurvived();
    }

    private const uint SetVringCallNumber = 13;
    private const int Semaphore = 1;
}
