using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Tests.Peers;
using Xunit;
using static VhostUser.Rings.DescriptorFlags;
using static VhostUser.Tests.Endpoints.Hostile.RingContentCase;
using static VhostUser.VhostError;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Group R: indices and descriptors in shared memory that can't be. What is only a bad packet is not here: the session outlives it.</summary>
internal static class RingContentCases
{
    private const int Buffer = GuestMemory.Buffers;
    private const int Table = GuestMemory.Buffers + 0x1000;
    private const int Middle = GuestMemory.Buffers + 0x2000; // where a second region starts, when there are two
    private const ulong End = GuestMemory.GuestAddress + 0x10_0000;

    public static IEnumerable<RingContentCase> All =>
    [
        .. new[] { 0, 1 }.SelectMany(Index),
        .. new[] { 0, 1 }.SelectMany(Head),
        Chain("R-8 next beyond the ring", 1, 256, DescriptorIndexInvalid, "goes on at 256; the ring has 256"),
        Chain("R-8 next 0xffff", 1, 0xffff, DescriptorIndexInvalid, "goes on at 65535"),
        Chain("R-8 loop of one", 1, 0, DescriptorLoop, "longer than the ring of 256", "loops"),
        Chain("R-8 loop of two", 2, 0, DescriptorLoop, "loops"),
        Chain("R-8 loop of the whole ring", 256, 0, DescriptorLoop, "loops"),
        .. new uint[] { 0, 8, 40, 16 * 257, 16 * 65536, 0xffff_fff0 }.Select(length => (RingContentCase)Indirect($"R-9 table of {length} bytes", Guest(Table), length, $"has a table of {length} bytes", "a multiple of 16, from 16 to 4096")),
        Indirect("R-9 table at 0", 0, 32, "at guest address 0x0, 32 bytes, which is not inside one region"),
        Indirect("R-9 table at the end of the address space", ulong.MaxValue - 15, 32, "0xfffffffffffffff0"),
        Indirect("R-9 table ends in the gap behind the region", End - 16, 32, "is not inside one region"),
        Indirect("R-9 table at a user address", GuestMemory.UserAddress, 32, "0x700000000000"),
        Indirect("R-9 table across two adjacent regions", Guest(Middle - 16), 32, "is not inside one region", "0x1000082000") with { Prepare = SplitMemory },
        Indirect("R-9 table in a table", Guest(Table), 16, "is inside another table") with { Prepare = it => it.Rings[1].DescribeAt(Table, Guest(Table), 16, DescriptorFlags.Indirect) },
        Indirect("R-9 INDIRECT with NEXT", Guest(Table), 16, "has NEXT set") with { Flags = DescriptorFlags.Indirect | Next },
        Indirect("R-9 not negotiated", Guest(Table), 16, "VIRTIO_F_INDIRECT_DESC was not negotiated") with { Exclude = VirtioFeatures.IndirectDesc },
        Indirect("R-9 loop in the table", Guest(Table), 32, "longer than its indirect table of 2", "loops") with { Error = DescriptorLoop, Prepare = it => LinkTable(it, 0) },
        Indirect("R-9 next beyond the table", Guest(Table), 32, "goes on at 2; the indirect table has 2") with { Error = DescriptorIndexInvalid, Prepare = it => LinkTable(it, 2) },
        .. s_addresses.SelectMany(Address),
        new("R-10 second descriptor of a chain outside of memory", it =>
        {
            it.Rings[1].Describe(0, Guest(Buffer), 12, Next, 1);
            it.Rings[1].Describe(1, 0, 60);
            it.Rings[1].Offer(0);
        }, DescriptorAddressInvalid, "a descriptor of the chain at 0 has guest address 0x0, 60 bytes"),
        Long("R-11 chain of 2^32 bytes", 16, 0),
        Long("R-11 chain of 2^32 + 100 bytes, which 32 bits take for a good packet", 16, 100),
        .. new[] { 0, 1 }.Select(ring => new RingContentCase($"R-13 readable buffer after a writable one on ring {ring}", it =>
        {
            it.Rings[ring].Describe(0, Guest(Buffer), 60, Write | Next, 1);
            it.Rings[ring].Describe(1, Guest(Buffer), 60);
            it.Rings[ring].Offer(0);
        }, DescriptorFlagsInvalid, $"Ring {ring}: ", "a readable buffer follows a writable one") { OnReceiveRing = ring == 0 }),
        new("R-5 receive buffer on top of its own available ring", it =>
        {
            // The first packet's header makes avail.idx 0, one behind what the device has taken: the second meets it.
            it.Rings[0].Describe(0, Guest(it.Rings[0].AvailableOffset), 2048, Write);
            it.Rings[0].Offer(0);
            OfferPacket(it, 249);
        }, AvailableIndexInvalid, "Ring 0: the driver's available index is 0, 65535 ahead of the device's 1") { OnReceiveRing = true },
    ];

    private static readonly (string What, ulong Address, uint Length)[] s_addresses =
    [
        ("address 0", 0, 100),
        ("address 0 and no length", 0, 0), // CVE-2020-10725
        ("address near 2^64", ulong.MaxValue - 15, 16),
        ("address and length past 2^64", ulong.MaxValue - 15, 100),
        ("a user address", GuestMemory.UserAddress, 100),
        ("a length of 2^32-1", GuestMemory.GuestAddress + Buffer, uint.MaxValue),
        ("a start just before the region", GuestMemory.GuestAddress - 1, 100),
        ("an end in the gap behind the region", End - 8, 100), // CVE-2018-1059
        ("a start at the region's end", End, 100),
    ];

    private static IEnumerable<RingContentCase> Index(int ring)
    {
        foreach (ushort index in (ushort[])[257, 0x8000, 0xffff])
            yield return new RingContentCase($"R-6 available index of ring {ring} jumps to {index}", it => it.Rings[ring].AvailableIndex = index,
                AvailableIndexInvalid, $"Ring {ring}: the driver's available index is {index}, {index} ahead of the device's 0", "at most 256") { OnReceiveRing = ring == 0 };
        yield return new RingContentCase($"R-6 available index of ring {ring} goes back", it =>
        {
            for (int i = 0; i < 5; i++) Assert.True(it.PassPacket());
            it.Rings[ring].AvailableIndex = 4;
        }, AvailableIndexInvalid, $"Ring {ring}: the driver's available index is 4, 65535 ahead of the device's 5") { OnReceiveRing = ring == 0 };
    }

    private static IEnumerable<RingContentCase> Head(int ring) => new ushort[] { 256, 0xffff }.Select(head => new RingContentCase($"R-7 available ring {ring} names descriptor {head}",
        it => it.Rings[ring].Offer(head), DescriptorIndexInvalid, $"Ring {ring}: the available ring names descriptor {head}; the ring has 256") { OnReceiveRing = ring == 0 });

    /// <summary>A chain of so many descriptors from 0 on, whose last goes on at a number.</summary>
    private static RingContentCase Chain(string name, int count, ushort last, VhostError error, params string[] words) => new(name, it =>
    {
        for (int i = 0; i < count; i++) it.Rings[1].Describe(i, Guest(Buffer), 1, Next, i == count - 1 ? last : (ushort)(i + 1));
        it.Rings[1].Offer(0);
    }, error, words);

    private static IEnumerable<RingContentCase> Address((string What, ulong Address, uint Length) row) => new[] { 0, 1 }.Select(ring => new RingContentCase($"R-10 {row.What} on ring {ring}", it =>
    {
        it.Rings[ring].Describe(0, row.Address, row.Length, ring == 0 ? Write : None);
        it.Rings[ring].Offer(0);
    }, DescriptorAddressInvalid, $"Ring {ring}: ", $"guest address 0x{row.Address:x}, {row.Length} bytes", $"is outside: the regions are [0x1000000000, 0x{End:x})") { OnReceiveRing = ring == 0 });

    /// <summary>The same 256 MiB many times over, and some bytes more.</summary>
    private static RingContentCase Long(string name, int times, uint more) => new(name, it =>
    {
        for (int i = 0; i < times; i++) it.Rings[1].Describe(i, GuestMemory.GuestAddress, 1 << 28, i == times - 1 && more == 0 ? None : Next, (ushort)(i + 1));
        if (more > 0) it.Rings[1].Describe(times, GuestMemory.GuestAddress, more);
        it.Rings[1].Offer(0);
    }, ChainTooLong, "the chain at descriptor 0 describes 4 GiB or more") { MemorySize = 1 << 28 };

    private sealed record IndirectCase(string Name, ulong Address, uint Length, string[] Words)
    {
        public DescriptorFlags Flags { get; init; } = DescriptorFlags.Indirect;

        public VhostError Error { get; init; } = IndirectTableInvalid;

        public VirtioFeatures Exclude { get; init; }

        public Action<RawFrontEnd> Prepare { get; init; } = it => it.Rings[1].DescribeAt(Table, Guest(Buffer), 72);

        public static implicit operator RingContentCase(IndirectCase row) => new(row.Name, it =>
        {
            row.Prepare(it);
            it.Rings[1].Describe(0, row.Address, row.Length, row.Flags, 1);
            it.Rings[1].Describe(1, Guest(Buffer), 72);
            it.Rings[1].Offer(0);
        }, row.Error, row.Words) { Exclude = row.Exclude };
    }

    private static IndirectCase Indirect(string name, ulong address, uint length, params string[] words) => new(name, address, length, words);

    /// <summary>A table of two whose second descriptor goes on at a number.</summary>
    private static void LinkTable(RawFrontEnd it, ushort next)
    {
        it.Rings[1].DescribeAt(Table, Guest(Buffer), 12, Next, 1);
        it.Rings[1].DescribeAt(Table + 16, Guest(Buffer), 12, Next, next);
    }

    /// <summary>Sends the same memory again as two regions that touch at <see cref="Middle"/>; the rings run on.</summary>
    public static void SplitMemory(RawFrontEnd it)
    {
        MemoryRegionDescription row = it.Memory.Row;
        byte[] table = RawMessage.MemoryTable(
        [
            row with { Size = Middle },
            row with { Size = row.Size - Middle, GuestAddress = row.GuestAddress + Middle, UserAddress = row.UserAddress + Middle, MmapOffset = Middle },
        ]);
        Assert.Equal(0UL, it.Ask(FrontEndRequest.SetMemTable, table, it.Memory.File.Number, it.Memory.File.Number));
    }
}
