using VhostUser.Protocol;
using P = VhostUser.Protocol.ProtocolFeatures;
using V = VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Endpoints;

/// <summary>What becomes of a feature between two ends.</summary>
public enum FeatureResult
{
    /// <summary>Both have it: it can be used.</summary>
    Used,
    /// <summary>One lacks it, and nobody minds.</summary>
    Unused,
    /// <summary>They can talk, but something that people expect will not work.</summary>
    Limited,
    /// <summary>They can't talk: one needs what the other lacks.</summary>
    Blocked,
}

/// <summary>One feature between two ends.</summary>
/// <param name="Feature">Its name; protocol features are marked.</param>
/// <param name="Left">Whether the left end needs it, has it, or not.</param>
/// <param name="Right">The same for the right end.</param>
/// <param name="Result">What becomes of it.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record FeatureComparison(string Feature, string Left, string Right, FeatureResult Result, string Reason)
{
    /// <summary>Compares two ends before they are connected, feature by feature; the blocking ones first.</summary>
    public static FeatureComparison[] Compare(FeatureProfile left, FeatureProfile right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        V features = left.Features & right.Features;
        bool negotiates = (features & V.ProtocolFeatures) != 0;
        P protocol = negotiates ? left.ProtocolFeatures & right.ProtocolFeatures : 0;
        IEnumerable<FeatureComparison> virtio = Bits((ulong)(left.Features | right.Features | left.NeededFeatures | right.NeededFeatures)).Select(bit => Row(
            FeatureNames.Of((V)bit)[0], left, right, (bit & (ulong)left.Features) != 0, (bit & (ulong)right.Features) != 0,
            (bit & (ulong)left.NeededFeatures) != 0, (bit & (ulong)right.NeededFeatures) != 0, negotiates: true));
        IEnumerable<FeatureComparison> rows = Bits((ulong)(left.ProtocolFeatures | right.ProtocolFeatures | left.NeededProtocolFeatures | right.NeededProtocolFeatures)).Select(bit => Row(
            FeatureNames.Of((P)bit)[0] + " (protocol)", left, right, (bit & (ulong)left.ProtocolFeatures) != 0, (bit & (ulong)right.ProtocolFeatures) != 0,
            (bit & (ulong)left.NeededProtocolFeatures) != 0, (bit & (ulong)right.NeededProtocolFeatures) != 0, negotiates));
        return [.. virtio.Concat(rows).Select(row => Depend(row, left, right, features, protocol)).OrderByDescending(row => row.Result)];
    }

    private static FeatureComparison Row(string name, FeatureProfile left, FeatureProfile right, bool leftHas, bool rightHas, bool leftNeeds, bool rightNeeds, bool negotiates)
    {
        bool both = leftHas && rightHas && negotiates;
        (FeatureResult result, string reason) = both ? (FeatureResult.Used, "both ends have it")
            : leftNeeds ? (FeatureResult.Blocked, $"{left.Name} needs it and {right.Name} lacks it")
            : rightNeeds ? (FeatureResult.Blocked, $"{right.Name} needs it and {left.Name} lacks it")
            : leftHas && rightHas ? (FeatureResult.Unused, "protocol features can't be negotiated: one end lacks bit 30")
            : (FeatureResult.Unused, $"{(leftHas ? right.Name : left.Name)} lacks it");
        return new FeatureComparison(name, leftNeeds ? "needs" : leftHas ? "yes" : "no", rightNeeds ? "needs" : rightHas ? "yes" : "no", result, reason);
    }

    /// <summary>What does not follow from one bit alone.</summary>
    private static FeatureComparison Depend(FeatureComparison row, FeatureProfile left, FeatureProfile right, V features, P protocol)
    {
        const P Channel = P.BackendReq | P.ReplyAck;
        return row.Feature switch
        {
            "AccessPlatform" when row.Result == FeatureResult.Used && (protocol & Channel) != Channel =>
                row with { Result = FeatureResult.Blocked, Reason = $"an IOMMU needs the protocol features {string.Join(" and ", FeatureNames.Of(Channel & ~protocol))}, which are not used" },
            "InbandNotifications (protocol)" when row.Result == FeatureResult.Used && (protocol & Channel) != Channel =>
                row with { Result = FeatureResult.Blocked, Reason = $"the back-end closes the connection without {string.Join(" and ", FeatureNames.Of(Channel & ~protocol))}" },
            "LogAll" or "LogShmfd (protocol)" when row.Result == FeatureResult.Unused && (left.Name == "Qemu" || right.Name == "Qemu") =>
                row with { Result = FeatureResult.Limited, Reason = row.Reason + ": QEMU refuses to migrate the guest" },
            "Config (protocol)" when row.Result == FeatureResult.Unused && (left.Name == "Qemu" || right.Name == "Qemu") =>
                row with { Result = FeatureResult.Limited, Reason = row.Reason + ": QEMU devices that read the back-end's configuration space do not start (a network device does)" },
            "Version1" when row.Result == FeatureResult.Unused => row with { Reason = row.Reason + ": the ring is legacy, with a header of 10 or 12 bytes" },
            "GpaAddresses (protocol)" when row.Result == FeatureResult.Used => row with { Reason = "both ends have it, if both mean bit 21 as the specification does (-Dialect)" },
            "EventIdx" when row.Result == FeatureResult.Unused && features == 0 => row with { Reason = row.Reason + "; no feature at all is common" },
            _ => row,
        };
    }

    private static IEnumerable<ulong> Bits(ulong set)
    {
        for (; set != 0; set &= set - 1) yield return set & (0 - set);
    }
}
