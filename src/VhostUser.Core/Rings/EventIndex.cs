namespace VhostUser.Rings;

/// <summary>The comparison behind VIRTIO_F_EVENT_IDX, once (virtio 1.3 §2.7.7.1, vring_need_event).</summary>
internal static class EventIndex
{
    /// <summary>Whether moving an index from <paramref name="old"/> to <paramref name="current"/> passed <paramref name="wanted"/>.</summary>
    public static bool Passed(ushort wanted, ushort current, ushort old) =>
        unchecked((ushort)(current - wanted - 1) < (ushort)(current - old));
}
