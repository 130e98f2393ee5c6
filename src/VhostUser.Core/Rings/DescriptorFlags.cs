namespace VhostUser.Rings;

/// <summary>Flags of a split descriptor (virtio 1.3 §2.7.5).</summary>
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
}
