using VhostUser.Protocol;

namespace VhostUser.Rings;

/// <summary>The negotiated features that change how a ring works.</summary>
internal readonly record struct RingFeatures(bool EventIdx, bool Indirect, bool InOrder)
{
    public static RingFeatures From(VirtioFeatures features) => new(
        features.HasFlag(VirtioFeatures.EventIdx), features.HasFlag(VirtioFeatures.IndirectDesc), features.HasFlag(VirtioFeatures.InOrder));
}
