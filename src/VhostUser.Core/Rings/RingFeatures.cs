using VhostUser.Protocol;

namespace VhostUser.Rings;

/// <summary>The negotiated features that change how a ring works.</summary>
/// <param name="EventIdx">VIRTIO_F_EVENT_IDX.</param>
/// <param name="Indirect">VIRTIO_F_INDIRECT_DESC.</param>
/// <param name="InOrder">VIRTIO_F_IN_ORDER.</param>
/// <param name="Legacy">Without VIRTIO_F_VERSION_1 a device may set used lengths wrongly (virtio 1.3 §2.7.8.1).</param>
/// <param name="Packed">VIRTIO_F_RING_PACKED: the other layout.</param>
/// <param name="NotifyOnEmpty">VIRTIO_F_NOTIFY_ON_EMPTY, which only legacy drivers of split rings have (virtio 1.3 §6.3).</param>
internal readonly record struct RingFeatures(bool EventIdx, bool Indirect, bool InOrder, bool Legacy = false, bool Packed = false, bool NotifyOnEmpty = false)
{
    public static RingFeatures From(VirtioFeatures features) => new(
        features.HasFlag(VirtioFeatures.EventIdx), features.HasFlag(VirtioFeatures.IndirectDesc), features.HasFlag(VirtioFeatures.InOrder),
        !features.HasFlag(VirtioFeatures.Version1), features.HasFlag(VirtioFeatures.RingPacked), features.HasFlag(VirtioFeatures.NotifyOnEmpty));
}
