using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Traps;

/// <summary>Traps of the memory table, with our server as the back-end.</summary>
public sealed class MemoryTraps : TrapTest
{
    private const ulong Ring1 = 0x8000;

    [Theory]
    [InlineData(Ring1)]            // a page boundary
    [InlineData(Ring1 - 0x3d0)]    // not even that
    public void T_40_M_4_A_region_may_start_anywhere_in_its_file(ulong mmapOffset)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate();
        // Ring 0 lies in the first region; ring 1 and all packets in the second, which starts in the middle of the file.
        MemoryRegionDescription[] rows = Split(front.Memory, mmapOffset);
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetMemTable, RawMessage.MemoryTable(rows), front.Memory.File.Number, front.Memory.File.Number));
        StartRings(front);
        for (int i = 0; i < 3; i++) AssertPasses(front, server);
        Assert.Equal(mmapOffset, server.Snapshot().Regions[1].FileOffset);
    }

    [HugePageFact]
    public void T_41_M_4_A_region_of_huge_pages_may_start_between_two_of_them()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect(new GuestMemory(4 << 20, huge: true));
        front.Negotiate();
        MemoryRegionDescription[] rows = Split(front.Memory, Ring1);
        rows[1].Size -= 4096; // and end before the end of one
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetMemTable, RawMessage.MemoryTable(rows), front.Memory.File.Number, front.Memory.File.Number));
        StartRings(front);
        AssertPasses(front, server);
    }

    [Fact]
    public void T_42_A_ninth_region_needs_memory_slots()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate(ProtocolFeatures.None);
        front.Send(FrontEndRequest.SetMemTable, RawMessage.MemoryTable(Slices(front.Memory, 9)), [.. Enumerable.Repeat(front.Memory.File.Number, 9)]);
        AssertEnds(front, server, VhostError.MessageSizeInvalid, "SET_MEM_TABLE came with a payload of 296 bytes; expected 8 to 264");
    }

    [Fact]
    public void T_42_With_memory_slots_nine_regions_are_added_one_by_one_even_after_the_rings_were_set_up()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate();
        StartRings(front);
        Assert.Contains("no memory region", Ring(server, 0).Verdict, StringComparison.Ordinal);
        foreach (MemoryRegionDescription row in Slices(front.Memory, 9).Reverse()) Assert.Equal(0ul, Add(front, row)); // the rings' own comes last
        Assert.Equal(9, server.Snapshot().Regions.Length);
        AssertPasses(front, server);
    }

    [Fact]
    public void T_43_The_same_memory_table_again_changes_nothing()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        AssertPasses(front, server);
        for (int i = 0; i < 3; i++)
        {
            front.SetMemTable();
            AssertPasses(front, server);
        }
        Assert.Single(server.Snapshot().Regions);
    }

    [Fact]
    public void T_44_A_new_memory_table_while_rings_run_moves_them_to_their_new_place()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        using var before = new GuestMemory();
        front.Negotiate();
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetMemTable, RawMessage.MemoryTable([before.Row]), before.File.Number));
        StartRings(front);
        GuestRing old = before.Ring(1);
        old.Describe(0, GuestMemory.GuestAddress + (ulong)before.Buffer(0), 100);
        old.Offer(0);
        front.Signal(1);
        Assert.True(RawFrontEnd.WaitUntil(() => old.UsedIndex == 1), Ring(server, 1).Verdict);

        before.Bytes.CopyTo(front.Memory.Bytes);
        front.SetMemTable();
        before.Bytes.Clear();
        for (int i = 0; i < 3; i++) AssertPasses(front, server);
        Assert.Equal(4, Ring(server, 1).UsedIndex);
        Assert.Equal(-1, before.Bytes.IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void T_44_A_new_memory_table_without_a_ring_stops_that_ring_and_another_one_brings_it_back()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        AssertPasses(front, server);
        MemoryRegionDescription elsewhere = front.Memory.Row with { UserAddress = GuestMemory.UserAddress + (1ul << 32) };
        Assert.Equal(0ul, front.Ask(FrontEndRequest.SetMemTable, RawMessage.MemoryTable([elsewhere]), front.Memory.File.Number));
        Assert.All(server.GetVringStates(), ring =>
        {
            Assert.False(ring.Started);
            Assert.Contains("is not inside one region", ring.Verdict, StringComparison.Ordinal);
        });
        Assert.False(front.PassPacket(timeout: Moment));
        front.SetMemTable();
        Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[0].UsedIndex == 2), Ring(server, 0).Verdict); // the packet that had to wait
        AssertPasses(front, server);
    }

    [Theory]
    [InlineData(FrontEndRequest.PostcopyAdvise)]
    [InlineData(FrontEndRequest.PostcopyListen)]
    [InlineData(FrontEndRequest.PostcopyEnd)]
    public void T_45_Postcopy_is_not_offered_unasked_and_its_messages_are_refused_by_name(FrontEndRequest request)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        Assert.Equal(ProtocolFeatures.None, front.GetProtocolFeatures() & ProtocolFeatures.Pagefault);
        front.Negotiate();
        if (request == FrontEndRequest.PostcopyListen)
        {
            AssertRefuses(front.Ask(request), server, "POSTCOPY_LISTEN", "Pagefault");
            return;
        }
        // These two always have a reply of their own, which an acknowledgement would be taken for.
        front.Send(request);
        AssertEnds(front, server, VhostError.RequestNotNegotiated, "Pagefault");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void T_46_REM_MEM_REG_finds_its_region_by_addresses_and_size_without_offset_and_descriptor(int fds)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate();
        MemoryRegionDescription[] rows = Split(front.Memory, Ring1);
        foreach (MemoryRegionDescription row in rows) Assert.Equal(0ul, Add(front, row));
        AssertRefuses(Remove(front, rows[1] with { Size = rows[1].Size - 4096 }), server, "REM_MEM_REG", "not in the table");
        AssertRefuses(Remove(front, rows[1] with { UserAddress = rows[1].UserAddress + 4096 }), server, "not in the table");
        AssertRefuses(Remove(front, rows[1] with { GuestAddress = rows[1].GuestAddress + 4096 }), server, "not in the table");
        int[] files = [.. Enumerable.Repeat(front.Memory.File.Number, fds)]; // one is allowed, and closed unread
        Assert.Equal(0ul, Remove(front, rows[1] with { MmapOffset = 0 }, files));
        Assert.Equal([rows[0].GuestAddress], server.Snapshot().Regions.Select(region => region.GuestAddress));
        Assert.Equal(0ul, Add(front, rows[1]));
        StartRings(front);
        AssertPasses(front, server);
        AssertRefuses(Remove(front, rows[1]), server, "REM_MEM_REG: ring 1 runs in region");
        AssertPasses(front, server);
    }

    [Fact]
    public void A_region_that_qemu_adds_once_per_queue_pair_stays_until_it_was_removed_as_often()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate();
        MemoryRegionDescription[] rows = Split(front.Memory, Ring1);
        for (int pair = 0; pair < 3; pair++)
            foreach (MemoryRegionDescription row in rows) Assert.Equal(0ul, Add(front, row));
        Assert.Equal(2, server.Snapshot().Regions.Length);
        StartRings(front);
        AssertPasses(front, server);
        for (int pair = 0; pair < 2; pair++) Assert.Equal(0ul, Remove(front, rows[1]));
        AssertPasses(front, server);
        AssertRefuses(Remove(front, rows[1]), server, "REM_MEM_REG: ring 1 runs in region");
    }

    [Fact]
    public void T_47_Rings_are_found_by_user_addresses_and_buffers_by_guest_addresses()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        AssertPasses(front, server);
        MemoryRegionInfo region = server.Snapshot().Regions[0];
        Assert.Equal(3, new[] { region.GuestAddress, region.UserAddress, region.MappingAddress }.Distinct().Count());
        front.GetVringBase(1);
        VringAddressPayload addresses = front.Rings[1].Addresses;
        addresses.Descriptors += unchecked(GuestMemory.GuestAddress - GuestMemory.UserAddress);
        AssertRefuses(front.Ask(FrontEndRequest.SetVringAddr, RawMessage.Of(addresses)), server, "SET_VRING_ADDR", "descriptor table of ring 1", "is not inside one region");
    }

    [Theory]
    [InlineData(8, 0, 0, "descriptor table of ring 1", "multiple of 16")]
    [InlineData(0, 1, 0, "available ring of ring 1", "multiple of 2")]
    [InlineData(0, 0, 2, "used ring of ring 1", "multiple of 4")]
    public void T_48_Ring_areas_must_be_aligned_to_16_2_and_4(ulong descriptors, ulong available, ulong used, string area, string rule)
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate();
        front.SetMemTable();
        front.SetVringNum(1);
        VringAddressPayload addresses = front.Rings[1].Addresses;
        addresses.Descriptors += descriptors;
        addresses.Available += available;
        addresses.Used += used;
        AssertRefuses(front.Ask(FrontEndRequest.SetVringAddr, RawMessage.Of(addresses)), server, area, rule);
    }

    [Fact]
    public void T_49_Memory_that_is_no_shared_file_is_refused_with_the_hint_to_share_it()
    {
        using FileDescriptor eventFd = Libc.EventFd();
        var error = Assert.Throws<VhostException>(() => MemoryRegion.Map(new MemoryRegionDescription { Size = 4096 }, eventFd, 0));
        Assert.Equal(VhostError.MessageFdKindInvalid, error.Error);
        Assert.Contains("share=on", error.RecommendedAction, StringComparison.Ordinal);

        using VhostServer server = Serve();
        using RawFrontEnd front = Connect();
        front.Negotiate();
        AssertRefuses(front.Ask(FrontEndRequest.SetMemTable, RawMessage.MemoryTable([front.Memory.Row]), front.Kick(0)), server, "memory region 0", "memfd or file");
    }

    private static void StartRings(RawFrontEnd front)
    {
        for (int ring = 0; ring < 2; ring++)
        {
            front.SetUpRing(ring);
            front.SetVringEnable(ring);
        }
    }

    private static ulong? Add(RawFrontEnd front, MemoryRegionDescription row) =>
        front.Ask(FrontEndRequest.AddMemReg, RawMessage.Of(new SingleMemoryRegionPayload { Region = row }), front.Memory.File.Number);

    private static ulong? Remove(RawFrontEnd front, MemoryRegionDescription row, params int[] fds) =>
        front.Ask(FrontEndRequest.RemMemReg, RawMessage.Of(new SingleMemoryRegionPayload { Region = row }), fds);

    // The memory as two regions that meet at an offset of its file.
    private static MemoryRegionDescription[] Split(GuestMemory memory, ulong at) => [Part(memory, 0, at), Part(memory, at, (ulong)memory.Size - at)];

    // Equal parts, but for the first, which holds the rings.
    private static MemoryRegionDescription[] Slices(GuestMemory memory, int count) =>
        [Part(memory, 0, GuestMemory.Buffers), .. Enumerable.Range(0, count - 1).Select(i => Part(memory, (ulong)(GuestMemory.Buffers + 0x10000 * i), 0x10000))];

    private static MemoryRegionDescription Part(GuestMemory memory, ulong start, ulong size) => new()
    {
        GuestAddress = memory.Row.GuestAddress + start, UserAddress = memory.Row.UserAddress + start, Size = size, MmapOffset = start,
    };
}
