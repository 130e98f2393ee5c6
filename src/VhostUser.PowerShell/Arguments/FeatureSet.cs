using VhostUser.Protocol;

namespace VhostUser.Arguments;

/// <summary>Features named one by one, as a set.</summary>
internal static class FeatureSet
{
    public static VirtioFeatures Of(VirtioFeatures[] features) => features.Aggregate(VirtioFeatures.None, (set, feature) => set | feature);

    public static ProtocolFeatures Of(ProtocolFeatures[] features) => features.Aggregate(ProtocolFeatures.None, (set, feature) => set | feature);
}
