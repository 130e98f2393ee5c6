namespace VhostUser.Memory;

/// <summary>What a shared region is made of.</summary>
public enum RegionBacking
{
    /// <summary>An anonymous sealed memfd: needs no path and no privilege, and vanishes with its last user.</summary>
    Memfd,
    /// <summary>A named POSIX shared memory object, visible under /dev/shm.</summary>
    Shm,
    /// <summary>A file, for example on a hugetlbfs mount.</summary>
    File,
}
