using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using static VhostUser.Protocol.FrontEndRequest;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Group R: ring messages with indices, sizes and addresses that can't be.</summary>
internal static class RingCases
{
    private static readonly uint[] s_indices = [2, 255, 256, 65536, 0x8000_0000, uint.MaxValue];
    private static readonly uint[] s_sizes = [0, 3, 1023, 32769, 65535, 65536, uint.MaxValue];

    public static IEnumerable<MessageCase> All =>
    [
        .. s_indices.SelectMany(Index),
        .. s_sizes.Select(size => MessageCase.Of($"R-2 SET_VRING_NUM {size}", Stage.Memory, SetVringNum, RawMessage.State(1, size), VhostError.RingSizeInvalid,
            $"ring 1 would have {size} descriptors", "a power of two from 1 to 32768")),
        MessageCase.Of("R-2 SET_VRING_BASE 65536", Stage.Sized, SetVringBase, RawMessage.State(0, 65536), VhostError.RequestValueInvalid, "ring 0 would start at 65536"),
        MessageCase.Of("R-2 SET_VRING_BASE 2^32-1", Stage.Sized, SetVringBase, RawMessage.State(0, uint.MaxValue), VhostError.RequestValueInvalid, "4294967295"),
        MessageCase.Of("R-2 SET_VRING_ENABLE 2", Stage.Sized, SetVringEnable, RawMessage.State(0, 2), VhostError.RequestValueInvalid, "would be set to 2", "expected 0 or 1"),
        MessageCase.Of("R-2 SET_VRING_ENABLE 2^32-1 while running", Stage.Running, SetVringEnable, RawMessage.State(1, uint.MaxValue), VhostError.RequestValueInvalid, "4294967295"),
        MessageCase.Of("R-3 SET_VRING_NUM while running", Stage.Running, SetVringNum, RawMessage.State(0, 128), VhostError.RequestOutOfOrder, "Ring 0 is running"),
        MessageCase.Of("R-3 SET_VRING_BASE while running", Stage.Running, SetVringBase, RawMessage.State(1, 0), VhostError.RequestOutOfOrder, "Ring 1 is running"),
        Address("R-3 SET_VRING_ADDR elsewhere while running", ring => ring with { Used = ring.Used + 0x1000 }, VhostError.RequestOutOfOrder, "Ring 0 is running") with { Stage = Stage.Running },
        Address("R-4 descriptors at 0", ring => ring with { Descriptors = 0 }, Invalid, "descriptor table of ring 0", "4096 bytes at user address 0x0", "[0x700000000000, 0x700000100000)"),
        Address("R-4 descriptors at a guest-physical address", ring => ring with { Descriptors = GuestMemory.GuestAddress }, Invalid, "descriptor table of ring 0", "0x1000000000"),
        Address("R-4 descriptors at the end of the address space", ring => ring with { Descriptors = ulong.MaxValue - 15 }, Invalid, "0xfffffffffffffff0"),
        Address("R-4 descriptors end beyond the region", ring => ring with { Descriptors = End - 4080 }, Invalid, "descriptor table"),
        Address("R-4 available ring ends beyond the region", ring => ring with { Available = End - 516 }, Invalid, "available ring of ring 0, 518 bytes"),
        Address("R-4 available ring just before the region", ring => ring with { Available = GuestMemory.UserAddress - 2 }, Invalid, "available ring"),
        Address("R-4 used ring ends beyond the region", ring => ring with { Used = End - 2052 }, Invalid, "used ring of ring 0, 2054 bytes"),
        Address("R-4 used ring at the region's end", ring => ring with { Used = End }, Invalid, "used ring"),
        Address("R-4 descriptors misaligned by 8", ring => ring with { Descriptors = ring.Descriptors + 8 }, Invalid, "not a multiple of 16"),
        Address("R-4 available ring misaligned by 1", ring => ring with { Available = ring.Available + 1 }, Invalid, "not a multiple of 2"),
        Address("R-4 used ring misaligned by 2", ring => ring with { Used = ring.Used + 2 }, Invalid, "not a multiple of 4"),
        Address("R-4 descriptors across two adjacent regions", ring => ring with { Descriptors = GuestMemory.UserAddress + 0x3_f800 }, Invalid, "descriptor table", "is not inside one region") with { Prepare = Split },
    ];

    private const VhostError Invalid = VhostError.RingAddressInvalid;
    private const ulong End = GuestMemory.UserAddress + 0x10_0000;

    private static IEnumerable<MessageCase> Index(uint index)
    {
        string[] words = [$"names ring {index}", "has 2 (0 to 1"];
        foreach (FrontEndRequest request in new[] { SetVringNum, SetVringBase, SetVringEnable, GetVringBase })
        {
            byte[] payload = RawMessage.State(index, request == SetVringNum ? 256u : 0);
            yield return MessageCase.Of($"R-1 {MessageTable.NameOf(request)} of ring 0x{index:x}", Stage.Memory, request, payload, VhostError.RingIndexInvalid, [MessageTable.NameOf(request), .. words]);
        }
        yield return Address($"R-1 SET_VRING_ADDR of ring 0x{index:x}", ring => ring with { Index = index }, VhostError.RingIndexInvalid, ["SET_VRING_ADDR", .. words]);
        foreach (FrontEndRequest request in new[] { SetVringKick, SetVringCall, SetVringErr })
        {
            // Bit 8 of the index says that no descriptor comes.
            bool noFd = (index & 0x100) != 0;
            ulong payload = index == 256 ? 0x200 | index : index; // 256 alone is ring 0 without a descriptor
            yield return MessageCase.Of($"R-1 {MessageTable.NameOf(request)} of ring 0x{index:x}", Stage.Memory, request, RawMessage.Of(payload), VhostError.RingIndexInvalid, MessageTable.NameOf(request))
                with { Fds = _ => noFd ? [] : [Libc.EventFd()] };
        }
    }

    private static MessageCase Address(string name, Func<VringAddressPayload, VringAddressPayload> change, VhostError error, params string[] words) =>
        new(name, Stage.Sized, SetVringAddr, frontEnd => RawMessage.Of(change(frontEnd.Rings[0].Addresses)), error, words);

    /// <summary>The same memory as two regions that touch.</summary>
    private static void Split(RawFrontEnd frontEnd)
    {
        MemoryRegionDescription row = frontEnd.Memory.Row;
        const ulong half = 0x4_0000;
        byte[] table = RawMessage.MemoryTable(
        [
            row with { Size = half },
            row with { Size = row.Size - half, GuestAddress = row.GuestAddress + half, UserAddress = row.UserAddress + half, MmapOffset = half },
        ]);
        int[] fds = [frontEnd.Memory.File.Number, frontEnd.Memory.File.Number];
        if (frontEnd.ReplyAck) Xunit.Assert.Equal(0UL, frontEnd.Ask(SetMemTable, table, fds));
        else frontEnd.Send(SetMemTable, table, fds);
    }
}
