using static VhostUser.Protocol.BackEndRequest;
using static VhostUser.Protocol.FdRule;
using static VhostUser.Protocol.ReplyRule;
using P = VhostUser.Protocol.ProtocolFeatures;

namespace VhostUser.Protocol;

/// <summary>One row of the back-end's message table: everything about a request but what it does.</summary>
/// <param name="Request">Its number.</param>
/// <param name="Name">Its name in the specification.</param>
/// <param name="Size">Exact payload size in bytes.</param>
/// <param name="Fds">Descriptors it carries.</param>
/// <param name="Gate">Protocol features that must all be acknowledged first, besides BACKEND_REQ.</param>
/// <param name="Reply">When it is answered.</param>
internal readonly record struct BackEndMessageRule(BackEndRequest Request, string Name, int Size, FdRule Fds, ProtocolFeatures Gate, ReplyRule Reply);

/// <summary>Every back-end request of the specification, in one table that drives both ends of the channel. Every reply is a u64.</summary>
internal static class BackEndMessageTable
{
    /// <summary>Bytes of every reply on the channel.</summary>
    public const int ReplySize = 8;

    private static readonly BackEndMessageRule[] s_rules =
    [
        // Its gate is the virtio feature ACCESS_PLATFORM.
        new(IotlbMsg, "BACKEND_IOTLB_MSG", 32, NoFd, P.None, Ack),
        new(ConfigChangeMsg, "BACKEND_CONFIG_CHANGE_MSG", 0, NoFd, P.Config, Ack),
        new(VringHostNotifierMsg, "BACKEND_VRING_HOST_NOTIFIER_MSG", 24, OneUnlessNoFd, P.HostNotifier | P.BackendSendFd, Ack),
        new(VringCall, "BACKEND_VRING_CALL", 8, NoFd, P.InbandNotifications, Ack),
        new(VringErr, "BACKEND_VRING_ERR", 8, NoFd, P.InbandNotifications, Ack),
        new(SharedObjectAdd, "BACKEND_SHARED_OBJECT_ADD", 16, NoFd, P.SharedObject, Ack),
        new(SharedObjectRemove, "BACKEND_SHARED_OBJECT_REMOVE", 16, NoFd, P.SharedObject, Ack),
        new(SharedObjectLookup, "BACKEND_SHARED_OBJECT_LOOKUP", 16, NoFd, P.SharedObject, Always),
        new(ShmemMap, "BACKEND_SHMEM_MAP", 40, One, P.Shmem | P.BackendSendFd, Ack),
        new(ShmemUnmap, "BACKEND_SHMEM_UNMAP", 40, NoFd, P.Shmem, Ack),
    ];

    /// <summary>All rows in the order of their numbers.</summary>
    public static ReadOnlySpan<BackEndMessageRule> Rules => s_rules;

    /// <summary>The row of a request; false when the specification has no such number.</summary>
    public static bool TryGet(BackEndRequest request, out BackEndMessageRule rule)
    {
        uint index = (uint)request - 1;
        bool known = index < (uint)s_rules.Length;
        rule = known ? s_rules[index] : default;
        return known;
    }

    /// <summary>The specification's name, or the number when it has none.</summary>
    public static string NameOf(BackEndRequest request) => TryGet(request, out BackEndMessageRule rule) ? rule.Name : $"back-end request {(uint)request}";
}
