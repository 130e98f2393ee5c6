using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using static VhostUser.Protocol.FrontEndRequest;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Groups S and F-5: messages at the wrong time, without their feature, or unknown.</summary>
internal static class StateCases
{
    public static IEnumerable<MessageCase> All =>
    [
        .. new uint[] { 0, 46, 255, int.MaxValue, uint.MaxValue }.Select(number =>
            MessageCase.Of($"F-5 request {number}", Stage.Memory, (FrontEndRequest)number, [], VhostError.RequestUnknown, $"Request {number} is not in the vhost-user specification")),
        MessageCase.Of("F-5 request 46 with payload", Stage.Running, (FrontEndRequest)46, new byte[4096], VhostError.RequestUnknown, "Request 46"),
        MessageCase.Of("S-2 SET_FEATURES with bit 63", Stage.Negotiated, SetFeatures, RawMessage.Of(1UL << 63), VhostError.FeatureNotOffered, "SET_FEATURES acknowledges", "was not offered"),
        MessageCase.Of("S-2 SET_FEATURES with a feature of PCI", Stage.Negotiated, SetFeatures, RawMessage.Of((ulong)VirtioFeatures.SrIov), VhostError.FeatureNotOffered, "SET_FEATURES acknowledges"),
        MessageCase.Of("S-2 SET_FEATURES with all bits", Stage.Negotiated, SetFeatures, RawMessage.Of(ulong.MaxValue), VhostError.FeatureNotOffered, "SET_FEATURES acknowledges"),
        MessageCase.Of("S-2 SET_FEATURES changes while rings run", Stage.Running, SetFeatures, RawMessage.Of((ulong)VirtioFeatures.Version1), VhostError.RequestOutOfOrder, "while a ring runs"),
        MessageCase.Of("S-3 SET_PROTOCOL_FEATURES with bit 63", Stage.Negotiated, SetProtocolFeatures, RawMessage.Of(1UL << 63), VhostError.FeatureNotOffered, "SET_PROTOCOL_FEATURES acknowledges"),
        MessageCase.Of("S-3 SET_PROTOCOL_FEATURES with sessions of cryptography", Stage.Negotiated, SetProtocolFeatures, RawMessage.Of((ulong)ProtocolFeatures.CryptoSession),
            VhostError.FeatureNotOffered, "CryptoSession"),
        MessageCase.Of("S-4 SET_MEM_TABLE with a row of XEN_MMAP", Stage.Negotiated, SetMemTable, [1, .. new byte[47]], VhostError.MessageSizeInvalid, "SET_MEM_TABLE counts 1 regions in 48 bytes", "XEN_MMAP, which was not acknowledged"),
        .. MessageTable.Rules.ToArray().Where(rule => rule.Gate != 0).Select(rule => Dummy($"S-4 {rule.Name} without its feature", rule, VhostError.RequestNotNegotiated, rule.Name, $"needs protocol feature {rule.Gate}")),
        .. MessageTable.Rules.ToArray().Where(rule => rule.Gate == 0 && !BackEnd.Supports(rule.Request)).Select(rule => Dummy($"S-4 {rule.Name}, which is not supported", rule, VhostError.RequestNotSupported, rule.Name)),
    ];

    /// <summary>A message of the right size with zeros as payload and eventfds as descriptors.</summary>
    public static MessageCase Dummy(string name, MessageRule rule, VhostError error, params string[] words) =>
        MessageCase.Of(name, Stage.Negotiated, rule.Request, new byte[rule.Size], error, words) with
        {
            Fds = _ => rule.Fds is FdRule.One or FdRule.OneUnlessNoFd ? [Libc.EventFd()] : [],
            Protocol = ProtocolFeatures.None,
        };
}
