namespace VhostUser.Memory;

/// <summary>Why touching shared memory can't end this process.</summary>
public enum MemorySafety
{
    /// <summary>The file carries F_SEAL_SHRINK: nobody can truncate it.</summary>
    Sealed,
    /// <summary>The file can be truncated, but a fault is caught and ends only the session.</summary>
    Guarded,
    /// <summary>Nothing protects: this architecture has no guard and the file can't be sealed.</summary>
    Unguarded,
}
