using System.Diagnostics;
using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Rings.Split;
using VhostUser.Tests.Peers;
using Xunit;
using static VhostUser.Rings.DescriptorFlags;
using static VhostUser.Tests.Endpoints.Hostile.RingContentCase;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Group R: rings on top of each other and of packets, ring memory that changes while it is read, and garbage where wishes stand.</summary>
public sealed class SharedMemoryTests : HostileTest
{
    // Short here; VHOST_RACE_SECONDS=10 for a long run.
    private static readonly TimeSpan s_race = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("VHOST_RACE_SECONDS") ?? "0.8", System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>What a ring of garbage may be told: nothing else is a rule of rings.</summary>
    private static readonly string[] s_ringErrors = [.. new[]
    {
        VhostError.AvailableIndexInvalid, VhostError.DescriptorIndexInvalid, VhostError.DescriptorLoop, VhostError.DescriptorAddressInvalid,
        VhostError.DescriptorFlagsInvalid, VhostError.IndirectTableInvalid, VhostError.ChainTooLong,
    }.Select(error => error.ToString())];

    [Theory]
    [InlineData("R-5 all three areas of ring 1", 1, 0, 0, 0)]
    [InlineData("R-5 used on descriptors", 1, 0, 0x2000, 0)]
    [InlineData("R-5 available on used", 1, 0, 0x2000, 0x2000)]
    [InlineData("R-5 available on descriptors", 1, 0, 0, 0x4000)]
    [InlineData("R-5 all three areas of ring 0", 0, 0, 0, 0)]
    public void R5_areas_on_top_of_each_other_harm_nobody_else(string name, int ring, int descriptors, int available, int used)
    {
        Assert.StartsWith("R-5", name, StringComparison.Ordinal);
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Negotiate();
            attacker.SetMemTable();
            ulong start = GuestMemory.UserAddress + (ulong)attacker.Rings[ring].DescriptorOffset;
            for (int i = 0; i < 2; i++)
            {
                attacker.SetVringNum(i);
                if (i != ring) attacker.SetVringAddr(i);
                else Assert.Equal(0UL, attacker.Ask(FrontEndRequest.SetVringAddr, RawMessage.Of(new VringAddressPayload
                {
                    Index = (uint)ring, Descriptors = start + (ulong)descriptors, Available = start + (ulong)available, Used = start + (ulong)used,
                })));
                attacker.SetVringCall(i);
                attacker.SetVringKick(i);
                attacker.SetVringEnable(i);
            }
            // A descriptor, a published head and an index, wherever they come to lie.
            attacker.Rings[ring].Describe(1, Guest(attacker.Memory.Buffer(0)), 100, ring == 0 ? Write : None);
            BitConverter.TryWriteBytes(attacker.Memory.Bytes[(attacker.Rings[ring].DescriptorOffset + available + 2)..], (ushort)3);
            if (ring == 0) OfferPacket(attacker, 250);
            attacker.Signal(1);
            attacker.Send(FrontEndRequest.GetFeatures); // answered, or the session has ended
            using RawMessage? answer = attacker.Socket.Receive();
            string? fault = Server.Snapshot().FaultId;
            if (answer is null) Assert.Contains(fault, s_ringErrors);
        }
        AssertSurvived();
    }

    [Fact]
    public void R5_a_ring_may_be_sent_as_a_packet()
    {
        using (RawFrontEnd client = Connect())
        {
            client.Start();
            int to = client.Memory.Buffer(64), table = client.Rings[1].DescriptorOffset;
            client.Rings[0].Describe(0, Guest(to), 8192, Write);
            client.Rings[0].Offer(0);
            client.Rings[1].Describe(0, Guest(client.Memory.Buffer(0)), 12, Next, 1);
            client.Rings[1].Describe(1, Guest(table), 4096);
            client.Rings[1].Offer(0);
            client.Signal(1);
            Assert.True(RawFrontEnd.WaitUntil(() => client.Rings[0].UsedIndex == 1), Server.Snapshot().Fault);
            Assert.True(client.Memory.Bytes.Slice(table, 4096).SequenceEqual(client.Memory.Bytes.Slice(to + 12, 4096)));
            Assert.True(client.PassPacket());
        }
        AssertSurvived();
    }

    [Theory]
    [InlineData("R-5 its own descriptors", 0, 0)]
    [InlineData("R-5 its own used ring", 0, 0x4000)]
    [InlineData("R-5 the other ring's descriptors", 1, 0)]
    [InlineData("R-5 the other ring's available ring", 1, 0x2000)]
    [InlineData("R-5 the other ring's used ring", 1, 0x4000)]
    public void R5_a_packet_written_over_a_ring_harms_nobody_else(string name, int ring, int area)
    {
        Assert.StartsWith("R-5", name, StringComparison.Ordinal);
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Start();
            for (ushort slot = 0; slot < 8; slot++)
            {
                attacker.Rings[0].Describe(slot, Guest(attacker.Rings[ring].DescriptorOffset + area), 2048, Write);
                attacker.Rings[0].Offer(slot);
                int from = attacker.Memory.Buffer(slot);
                attacker.Memory.Bytes.Slice(from + 12, 1000).Fill((byte)(0x55 + slot));
                attacker.Rings[1].Describe(slot, Guest(from), 1012);
                attacker.Rings[1].Offer(slot);
                attacker.Signal(1);
            }
            attacker.Send(FrontEndRequest.GetFeatures); // answered, or the session has ended
            using RawMessage? answer = attacker.Socket.Receive();
            string? fault = Server.Snapshot().FaultId;
            if (answer is null) Assert.Contains(fault, s_ringErrors);
        }
        AssertSurvived();
    }

    [Fact]
    public void R15_descriptors_that_change_while_they_are_read_end_sessions_and_nothing_else()
    {
        long packets = 0;
        int ended = 0;
        long start = Stopwatch.GetTimestamp();
        for (int seed = 0; Stopwatch.GetElapsedTime(start) < s_race; seed++)
        {
            using RawFrontEnd attacker = Connect();
            attacker.Start();
            using var stop = new ManualResetEventSlim();
            var thread = new Thread(() => Flip(attacker, new Random(seed), stop));
            thread.Start();
            try
            {
                for (int i = 0; i < 2000 && !attacker.Socket.WaitForClose(TimeSpan.Zero); i++)
                {
                    attacker.Rings[1].Offer(0);
                    attacker.Signal(1);
                    ushort offered = attacker.Rings[1].AvailableIndex;
                    if (RawFrontEnd.WaitUntil(() => attacker.Rings[1].UsedIndex == offered, TimeSpan.FromMilliseconds(5))) packets++;
                }
            }
            finally
            {
                stop.Set();
                thread.Join(); // before the memory goes
            }
            if (attacker.Socket.WaitForClose(TimeSpan.Zero)) ended++;
            string? fault = Server.Snapshot().FaultId;
            Assert.True(fault is null || s_ringErrors.Contains(fault), Server.Snapshot().Fault);
        }
        Assert.True(packets > 0 && ended > 0, $"{packets} packets were taken and {ended} sessions ended: the two threads did not meet.");
        AssertSurvived();
    }

    [Theory]
    [InlineData("R-18 used_event out of range", 0UL, 0, 0x8000, false)]
    [InlineData("R-18 used_event out of range and all flags", 0UL, 0xffff, 0xffff, false)]
    [InlineData("R-18 all flags", (ulong)VirtioFeatures.EventIdx, 0xffff, 0xffff, false)]
    [InlineData("R-18 all flags but NO_INTERRUPT", (ulong)VirtioFeatures.EventIdx, 0xfffe, 0xffff, true)]
    public void Garbage_in_flags_and_used_event_is_no_more_than_a_wish(string name, ulong exclude, int flags, int usedEvent, bool calls)
    {
        Assert.StartsWith("R-18", name, StringComparison.Ordinal);
        using (RawFrontEnd client = Connect())
        {
            for (int ring = 0; ring < 2; ring++)
            {
                client.Rings[ring].AvailableFlags = (ushort)flags;
                client.Rings[ring].UsedEvent = (ushort)usedEvent;
            }
            client.Start(exclude: (VirtioFeatures)exclude);
            for (int ring = 0; ring < 2; ring++) EventFd.Consume(client.Call(ring)); // of the start
            for (int i = 0; i < 300; i++)
            {
                // What the device wishes stands in memory that the driver can write, too.
                client.Memory.Bytes.Slice(client.Rings[1].UsedOffset, 2).Fill((byte)i);
                client.Memory.Bytes.Slice(client.Rings[1].UsedOffset + 4 + 8 * 256, 2).Fill((byte)i);
                Assert.True(client.PassPacket(), $"packet {i}");
            }
            client.GetFeatures(); // a barrier: calls that are due were made
            Assert.Equal(calls, EventFd.Consume(client.Call(0)) > 0);
            Assert.Equal(calls, EventFd.Consume(client.Call(1)) > 0);
            Assert.Null(Server.Snapshot().FaultId);
        }
        AssertSurvived();
    }

    /// <summary>Writes good and bad values into descriptor 0 and a table, field by field: a reader meets every mixture.</summary>
    private static unsafe void Flip(RawFrontEnd attacker, Random random, ManualResetEventSlim stop)
    {
        int buffer = attacker.Memory.Buffer(0), table = attacker.Memory.Buffer(10);
        SplitDescriptor[] values =
        [
            new() { Address = Guest(buffer), Length = 72 },
            new() { Address = Guest(buffer), Length = 100 },
            new() { Address = Guest(buffer), Length = 12, Flags = Next, Next = 1 },
            new() { Address = Guest(table), Length = 32, Flags = Indirect },
            new() { Address = Guest(buffer), Length = uint.MaxValue },
            new() { Address = ulong.MaxValue - 63, Length = 64, Flags = Write },
            new() { Address = GuestMemory.GuestAddress + (ulong)attacker.Memory.Size - 8, Length = 9, Next = 0xffff },
        ];
        var targets = new[] { attacker.Rings[1].DescriptorOffset, attacker.Rings[1].DescriptorOffset + 16, table, table + 16 };
        while (!stop.IsSet)
        {
            for (int i = 0; i < 200; i++)
            {
                var target = (SplitDescriptor*)(attacker.Memory.Address + targets[random.Next(targets.Length)]);
                // Mostly good: a session that ends at its first chain has no race in it.
                SplitDescriptor value = values[random.Next(random.Next(50) == 0 ? values.Length : 4)];
                Volatile.Write(ref target->Length, value.Length);
                Volatile.Write(ref *(ushort*)&target->Flags, (ushort)value.Flags);
                Volatile.Write(ref target->Address, value.Address);
                Volatile.Write(ref target->Next, value.Next);
            }
        }
    }
}
