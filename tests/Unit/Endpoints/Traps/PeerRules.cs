using VhostUser.Protocol;
using static VhostUser.Protocol.FrontEndRequest;

namespace VhostUser.Tests.Endpoints.Traps;

/// <summary>What known back-ends refuse, each as a rule for <see cref="ScriptedBackEnd"/>.</summary>
internal static class PeerRules
{
    private const ulong Bit30 = 1 << 30;

    /// <summary>rust-vmm: strict about order, alignment, flags, padding and descriptors.</summary>
    public static string? RustVmm(ReceivedRequest request, IReadOnlyList<ReceivedRequest> before)
    {
        if ((request.Flags & ~8u) != 1) return $"flags 0x{request.Flags:x}";
        if (ExpectedFds(request) != request.Fds) return $"{request.Fds} descriptors, expected {ExpectedFds(request)}";
        switch (request.Request)
        {
            case SetOwner when before.Any(other => other.Request == SetOwner): return "a second owner";
            case not (SetOwner or GetFeatures or GetProtocolFeatures) when before.All(other => other.Request != SetOwner): return "before SET_OWNER";
            case SetMemTable when request.Index == 0: return "no regions";
            case SetMemTable when request.Number != 0: return "padding";
            case AddMemReg when request.Read<ulong>() != 0: return "padding";
            case SetVringAddr when !before.Any(other => other.Request is SetMemTable or AddMemReg): return "before the memory";
            case SetVringEnable when !before.Any(other => other.Request == SetFeatures && (other.Read<ulong>() & Bit30) != 0): return "before bit 30 was acknowledged";
            case SetVringEnable when request.Number > 1: return $"number {request.Number}";
            case GetQueueNum when !Acknowledged(before, ProtocolFeatures.Mq): return "without MQ";
            case AddMemReg or GetMaxMemSlots when !Acknowledged(before, ProtocolFeatures.ConfigureMemSlots): return "without CONFIGURE_MEM_SLOTS";
            case SetStatus or GetStatus when !Acknowledged(before, ProtocolFeatures.Status): return "without STATUS";
        }
        if (request.Request != SetVringAddr) return null;
        VringAddressPayload address = request.Read<VringAddressPayload>();
        if (address.Flags != 0) return "flags of a log";
        return address.Descriptors % 16 != 0 || address.Available % 2 != 0 || address.Used % 4 != 0 ? "alignment" : null;
    }

    /// <summary>Snabb: knows few requests, and looks at the memory when a ring's addresses come.</summary>
    public static string? Snabb(ReceivedRequest request, IReadOnlyList<ReceivedRequest> before)
    {
        if (request.Request is SetVringErr or SetLogBase or SetLogFd || (request.Request > SetVringEnable)) return "no handler";
        if (request.Request == GetQueueNum) return "is never answered";
        if (request.Request == SetMemTable && request.Fds != (int)request.Index) return "regions and descriptors differ";
        if (request.Request == SetVringAddr && before.All(other => other.Request != SetMemTable)) return "before SET_MEM_TABLE";
        // From the first kick descriptor or enabled ring on it polls every ring that has a size.
        if (request.Request is SetVringKick or SetVringEnable
            && before.Where(other => other.Request == SetVringNum).Any(ring => !before.Any(other => other.Request == SetVringAddr && other.Index == ring.Index))) return "before all SET_VRING_ADDR";
        return null;
    }

    /// <summary>DPDK: starts a ring only when kick and call were mentioned before it is enabled, and counts descriptors.</summary>
    public static string? Dpdk(ReceivedRequest request, IReadOnlyList<ReceivedRequest> before)
    {
        if (ExpectedFds(request) != request.Fds) return $"{request.Fds} descriptors, expected {ExpectedFds(request)}";
        if (request.Request != SetVringEnable) return null;
        foreach (FrontEndRequest needed in new[] { SetVringNum, SetVringAddr, SetVringCall, SetVringKick })
            if (!before.Any(other => other.Request == needed && (other.Index & 0xff) == request.Index)) return $"before {MessageTable.NameOf(needed)}";
        return null;
    }

    /// <summary>SPDK: wants the sizes of all rings before the first address.</summary>
    public static string? Spdk(ReceivedRequest request, IReadOnlyList<ReceivedRequest> before) =>
        request.Request == SetVringNum && before.Any(other => other.Request == SetVringAddr) ? "after a SET_VRING_ADDR" : null;

    private static bool Acknowledged(IReadOnlyList<ReceivedRequest> before, ProtocolFeatures feature) =>
        before.Any(other => other.Request == SetProtocolFeatures && (other.Read<ulong>() & (ulong)feature) != 0);

    private static int ExpectedFds(ReceivedRequest request) => request.Request switch
    {
        SetMemTable => (int)request.Index,
        AddMemReg or SetLogBase or SetLogFd or SetBackendReqFd or SetInflightFd => 1,
        SetVringKick or SetVringCall or SetVringErr => (request.Read<ulong>() & 0x100) != 0 ? 0 : 1,
        _ => 0, // REM_MEM_REG among them
    };
}
