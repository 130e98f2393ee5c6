using static VhostUser.Protocol.FdRule;
using static VhostUser.Protocol.FrontEndRequest;
using static VhostUser.Protocol.ReplyRule;
using P = VhostUser.Protocol.ProtocolFeatures;

namespace VhostUser.Protocol;

/// <summary>Every front-end request of the specification, in one table that drives both ends.</summary>
internal static class MessageTable
{
    /// <summary>A memory table has at most this many rows without memory slots (VHOST_MEMORY_BASELINE_NREGIONS).</summary>
    public const int MaxRegions = 8;

    /// <summary>Bytes of configuration space one message can carry.</summary>
    public const int MaxConfig = 256;

    /// <summary>offset, size and flags before the configuration bytes.</summary>
    public const int ConfigHead = 12;

    private static readonly MessageRule[] s_rules =
    [
        Row(GetFeatures, "GET_FEATURES", 0, NoFd, P.None, Always, 8),
        Row(SetFeatures, "SET_FEATURES", 8, NoFd),
        Row(SetOwner, "SET_OWNER", 0, NoFd),
        Row(ResetOwner, "RESET_OWNER", 0, NoFd),
        Row(SetMemTable, "SET_MEM_TABLE", 8, PerRegion) with { MaxSize = 8 + MaxRegions * 32 },
        Row(SetLogBase, "SET_LOG_BASE", 16, One, P.LogShmfd, Always, -1),
        Row(SetLogFd, "SET_LOG_FD", 0, One),
        Row(SetVringNum, "SET_VRING_NUM", 8, NoFd),
        Row(SetVringAddr, "SET_VRING_ADDR", 40, NoFd),
        Row(SetVringBase, "SET_VRING_BASE", 8, NoFd),
        Row(GetVringBase, "GET_VRING_BASE", 8, NoFd, P.None, Always, 8),
        Row(SetVringKick, "SET_VRING_KICK", 8, OneUnlessNoFd),
        Row(SetVringCall, "SET_VRING_CALL", 8, OneUnlessNoFd),
        Row(SetVringErr, "SET_VRING_ERR", 8, OneUnlessNoFd),
        Row(GetProtocolFeatures, "GET_PROTOCOL_FEATURES", 0, NoFd, P.None, Always, 8),
        Row(SetProtocolFeatures, "SET_PROTOCOL_FEATURES", 8, NoFd),
        Row(GetQueueNum, "GET_QUEUE_NUM", 0, NoFd, P.Mq, Always, 8),
        Row(SetVringEnable, "SET_VRING_ENABLE", 8, NoFd),
        Row(SendRarp, "SEND_RARP", 8, NoFd, P.Rarp),
        Row(NetSetMtu, "NET_SET_MTU", 8, NoFd, P.Mtu),
        Row(SetBackendReqFd, "SET_BACKEND_REQ_FD", 0, One, P.BackendReq),
        Row(IotlbMsg, "IOTLB_MSG", 32, NoFd),
        Row(SetVringEndian, "SET_VRING_ENDIAN", 8, NoFd, P.CrossEndian),
        Row(GetConfig, "GET_CONFIG", ConfigHead, NoFd, P.Config, Always, -1) with { MaxSize = ConfigHead + MaxConfig },
        Row(SetConfig, "SET_CONFIG", ConfigHead, NoFd, P.Config) with { MaxSize = ConfigHead + MaxConfig },
        Row(CreateCryptoSession, "CREATE_CRYPTO_SESSION", 0, NoFd, P.CryptoSession, Always, -1) with { MaxSize = 4096 },
        Row(CloseCryptoSession, "CLOSE_CRYPTO_SESSION", 8, NoFd, P.CryptoSession),
        Row(PostcopyAdvise, "POSTCOPY_ADVISE", 0, NoFd, P.Pagefault, Always, -1),
        Row(PostcopyListen, "POSTCOPY_LISTEN", 0, NoFd, P.Pagefault),
        Row(PostcopyEnd, "POSTCOPY_END", 0, NoFd, P.Pagefault, Always, 8),
        Row(GetInflightFd, "GET_INFLIGHT_FD", 24, NoFd, P.InflightShmfd, Always, 24),
        Row(SetInflightFd, "SET_INFLIGHT_FD", 24, One, P.InflightShmfd),
        Row(GpuSetSocket, "GPU_SET_SOCKET", 0, One),
        Row(ResetDevice, "RESET_DEVICE", 0, NoFd, P.ResetDevice),
        Row(VringKick, "VRING_KICK", 8, NoFd, P.InbandNotifications),
        Row(GetMaxMemSlots, "GET_MAX_MEM_SLOTS", 0, NoFd, P.ConfigureMemSlots, Always, 8),
        Row(AddMemReg, "ADD_MEM_REG", SingleMemoryRegionPayload.Size, One, P.ConfigureMemSlots),
        Row(RemMemReg, "REM_MEM_REG", SingleMemoryRegionPayload.Size, Optional, P.ConfigureMemSlots),
        Row(SetStatus, "SET_STATUS", 8, NoFd, P.Status),
        Row(GetStatus, "GET_STATUS", 0, NoFd, P.Status, Always, 8),
        Row(GetSharedObject, "GET_SHARED_OBJECT", 0, NoFd, P.SharedObject, Always, -1) with { MaxSize = 16 }, // QEMU leaves the UUID out
        Row(SetDeviceStateFd, "SET_DEVICE_STATE_FD", 8, One, P.DeviceState, Always, 8),
        Row(CheckDeviceState, "CHECK_DEVICE_STATE", 0, NoFd, P.DeviceState, Always, 8),
        Row(GetShmemConfig, "GET_SHMEM_CONFIG", 0, NoFd, P.Shmem, Always, -1),
        Row(GetVringBaseSkipDrain, "GET_VRING_BASE_SKIP_DRAIN", 8, NoFd, P.GetVringBaseSkipDrain, Always, 8),
    ];

    /// <summary>All rows in the order of their numbers.</summary>
    public static ReadOnlySpan<MessageRule> Rules => s_rules;

    /// <summary>The row of a request; false when the specification has no such number.</summary>
    public static bool TryGet(FrontEndRequest request, out MessageRule rule)
    {
        uint index = (uint)request - 1;
        bool known = index < (uint)s_rules.Length;
        rule = known ? s_rules[index] : default;
        return known;
    }

    /// <summary>The specification's name, or the number when it has none.</summary>
    public static string NameOf(FrontEndRequest request) => TryGet(request, out MessageRule rule) ? rule.Name : $"request {(uint)request}";

    private static MessageRule Row(FrontEndRequest request, string name, int size, FdRule fds, P gate = P.None, ReplyRule reply = Ack, int replySize = 8) =>
        new(request, name, size, size, fds, gate, reply, replySize);
}
