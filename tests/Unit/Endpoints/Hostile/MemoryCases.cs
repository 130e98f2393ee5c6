using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using static VhostUser.Protocol.FrontEndRequest;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Group M: memory tables that lie.</summary>
internal static class MemoryCases
{
    private const ulong Free = 0x50_0000_0000;

    public static IEnumerable<MessageCase> All =>
    [
        Counts("M-1 no region", 0, 0, 0, "counts 0 regions"),
        Counts("M-1 nine regions in a message for eight", 9, 8, 9, "counts 9 regions"),
        Counts("M-1 0xffffffff regions", uint.MaxValue, 1, 1, "counts 4294967295 regions"),
        Counts("M-1 0x80000001 regions", 0x8000_0001, 1, 1, "counts 2147483649 regions"),
        Counts("M-1 two regions in a message for one", 2, 1, 2, "counts 2 regions"),
        Counts("M-1 one region in a message for two", 1, 2, 1, "counts 1 regions"),
        .. Row("M-2 size 0", row => row with { Size = 0 }, "size is 0"),
        .. Row("M-2 size and offset wrap", row => row with { MmapOffset = ulong.MaxValue - 0xfff }, "overflows"),
        .. Row("M-2 size and offset beyond what a file can have", row => row with { MmapOffset = long.MaxValue }, "overflows"),
        .. Row("M-2 guest address and size wrap", row => row with { GuestAddress = ulong.MaxValue - 0xfff }, "guest address", "overflows"),
        .. Row("M-2 user address and size wrap", row => row with { UserAddress = ulong.MaxValue - 0xfff }, "user address", "overflows"),
        .. Row("M-2 size 2^64-1", row => row with { Size = ulong.MaxValue }, "overflows"),
        .. Row("M-5 one byte beyond the file", row => row with { Size = row.Size + 1 }, "ends at byte 1,048,577 of a file of 1,048,576"),
        .. Row("M-5 offset at the end of the file", row => row with { MmapOffset = row.Size }, "of a file of 1,048,576"),
        Pair("M-3 the same region twice", (first, _) => first, "guest-physical"),
        Pair("M-3 guest ranges that overlap by a byte", (first, second) => second with { GuestAddress = first.GuestAddress + first.Size - 1 }, "guest-physical"),
        Pair("M-3 user ranges that overlap by a byte", (first, second) => second with { UserAddress = first.UserAddress + first.Size - 1 }, "user addresses"),
        Pair("M-3 a guest range inside another", (first, second) => second with { GuestAddress = first.GuestAddress + 0x1000, Size = 0x1000 }, "guest-physical"),
        Slot("M-8 ADD_MEM_REG of a region that is there, with another offset", Stage.Memory, AddMemReg, row => row with { Size = 0x1000, MmapOffset = 0x1000 }, VhostError.MemoryRegionOverlap, "overlaps"),
        Slot("M-8 ADD_MEM_REG of a region that is there, with another file", Stage.Memory, AddMemReg, row => row, VhostError.MemoryRegionOverlap, "overlaps") with { Fds = OtherFile },
        Slot("M-8 ADD_MEM_REG without memory slots", Stage.Memory, AddMemReg, row => Elsewhere(row), VhostError.RequestNotNegotiated, "ADD_MEM_REG needs protocol feature ConfigureMemSlots")
            with { Protocol = ProtocolFeatures.Mq },
        Slot("M-8 ADD_MEM_REG beyond the last slot", Stage.Memory, AddMemReg, row => Elsewhere(row), VhostError.MemoryRegionInvalid, "all 509 slots") with { Prepare = FillSlots },
        Slot("M-8 REM_MEM_REG of an unknown region", Stage.Memory, RemMemReg, row => Elsewhere(row), VhostError.MemoryRegionUnknown, "REM_MEM_REG names region", "the regions are [0x1000000000"),
        Slot("M-8 REM_MEM_REG with another size", Stage.Memory, RemMemReg, row => row with { Size = 0x1000 }, VhostError.MemoryRegionUnknown, "REM_MEM_REG"),
        Slot("M-8 REM_MEM_REG with another user address", Stage.Memory, RemMemReg, row => row with { UserAddress = Free }, VhostError.MemoryRegionUnknown, "REM_MEM_REG"),
        Slot("M-8 REM_MEM_REG without any region", Stage.Negotiated, RemMemReg, row => row, VhostError.MemoryRegionUnknown, "no memory region has been set"),
        Slot("M-8 REM_MEM_REG of the region of running rings", Stage.Running, RemMemReg, row => row, VhostError.RegionInUse, "ring 0 runs in region"),
        // A valid table without the place of a running ring stops the ring and is no error: trap T-44.
        new("M-9 SET_MEM_TABLE that is invalid while rings run", Stage.Running, SetMemTable, frontEnd => RawMessage.MemoryTable([frontEnd.Memory.Row with { Size = 0 }]),
            VhostError.MemoryRegionInvalid, ["size is 0"]) { Fds = One },
        new("M-10 SET_MEM_TABLE with a Xen row", Stage.Negotiated, SetMemTable, frontEnd => [.. RawMessage.MemoryTable([frontEnd.Memory.Row]), .. new byte[8]],
            VhostError.MessageSizeInvalid, ["counts 1 regions in 48 bytes"]) { Fds = One },
    ];

    private static MemoryRegionDescription Elsewhere(MemoryRegionDescription row) => row with { GuestAddress = Free, UserAddress = Free };

    private static FileDescriptor[] One(RawFrontEnd frontEnd) => [frontEnd.Memory.File.Duplicate()];

    private static FileDescriptor[] OtherFile(RawFrontEnd frontEnd)
    {
        FileDescriptor other = Libc.MemfdCreate("other", Libc.MFD_CLOEXEC);
        Libc.SetLength(other.Number, frontEnd.Memory.Size);
        return [other];
    }

    private static MessageCase Counts(string name, uint count, int rows, int fds, string words) =>
        new(name, Stage.Negotiated, SetMemTable,
            frontEnd => RawMessage.MemoryTable([.. Enumerable.Range(0, rows).Select(i => frontEnd.Memory.Row with { GuestAddress = Free * (ulong)(i + 1), UserAddress = Free * (ulong)(i + 1) })], count),
            VhostError.MessageSizeInvalid, ["SET_MEM_TABLE", words])
        {
            Fds = frontEnd => [.. Enumerable.Range(0, fds).Select(_ => frontEnd.Memory.File.Duplicate())],
        };

    private static IEnumerable<MessageCase> Row(string name, Func<MemoryRegionDescription, MemoryRegionDescription> change, params string[] words)
    {
        yield return new(name, Stage.Negotiated, SetMemTable, frontEnd => RawMessage.MemoryTable([change(frontEnd.Memory.Row)]), VhostError.MemoryRegionInvalid, words) { Fds = One };
        yield return new(name + ", added", Stage.Negotiated, AddMemReg, frontEnd => Single(change(frontEnd.Memory.Row)), VhostError.MemoryRegionInvalid, words) { Fds = One };
    }

    private static MessageCase Pair(string name, Func<MemoryRegionDescription, MemoryRegionDescription, MemoryRegionDescription> change, string words) =>
        new(name, Stage.Negotiated, SetMemTable, frontEnd => RawMessage.MemoryTable([frontEnd.Memory.Row, change(frontEnd.Memory.Row, Elsewhere(frontEnd.Memory.Row))]),
            VhostError.MemoryRegionOverlap, ["overlaps region", words])
        {
            Fds = frontEnd => [frontEnd.Memory.File.Duplicate(), frontEnd.Memory.File.Duplicate()],
        };

    private static MessageCase Slot(string name, Stage stage, FrontEndRequest request, Func<MemoryRegionDescription, MemoryRegionDescription> change, VhostError error, params string[] words) =>
        new(name, stage, request, frontEnd => Single(change(frontEnd.Memory.Row)), error, words) { Fds = request == AddMemReg ? One : _ => [] };

    private static byte[] Single(MemoryRegionDescription row) => RawMessage.Of(new SingleMemoryRegionPayload { Region = row });

    private static void FillSlots(RawFrontEnd frontEnd)
    {
        for (uint i = 1; i < 509; i++)
        {
            MemoryRegionDescription row = new() { GuestAddress = Free + 0x10_0000 + i * 0x1000, UserAddress = Free + 0x10_0000 + i * 0x1000, Size = 0x1000, MmapOffset = 0x8_0000 };
            if (frontEnd.ReplyAck) Xunit.Assert.Equal(0UL, frontEnd.Ask(AddMemReg, Single(row), frontEnd.Memory.File.Number));
            else frontEnd.Send(AddMemReg, Single(row), [frontEnd.Memory.File.Number]);
        }
    }
}
