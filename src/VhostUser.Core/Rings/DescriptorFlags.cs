namespace VhostUser.Rings;

/// <summary>Flags of a descriptor (virtio 1.3 §2.7.5, §2.8.1); the last two exist in packed rings only.</summary>
[Flags]
public enum DescriptorFlags : ushort
{
    /// <summary>The last readable descriptor of a chain.</summary>
    None = 0,
    /// <summary>The chain goes on at <c>next</c> (VIRTQ_DESC_F_NEXT).</summary>
    Next = 1,
    /// <summary>The device writes this buffer (VIRTQ_DESC_F_WRITE).</summary>
    Write = 2,
    /// <summary>The buffer is a table of descriptors (VIRTQ_DESC_F_INDIRECT).</summary>
    Indirect = 4,
    /// <summary>The driver sets it to its wrap counter when it makes a packed descriptor available (VIRTQ_DESC_F_AVAIL).</summary>
    Available = 1 << 7,
    /// <summary>The device sets it to its wrap counter when it has used a packed descriptor (VIRTQ_DESC_F_USED).</summary>
    Used = 1 << 15,
}
