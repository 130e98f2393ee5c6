namespace VhostUser.Fuzz;

/// <summary>What a target could leak: descriptors, mappings of peers' files, and memory.</summary>
internal sealed record FuzzResources(int Descriptors, int Mappings, long Memory)
{
    private const long MemoryMargin = 256 << 20;
    private const int DescriptorMargin = 16; // the runtime opens some of its own at any time

    public static FuzzResources Take() => new(
        Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(),
        File.ReadLines("/proc/self/maps").Count(line => line.Contains("/memfd:fuzz", StringComparison.Ordinal)),
        Environment.WorkingSet);

    /// <summary>What has grown since, in words; null when nothing did.</summary>
    public string? ExplainGrowth()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        FuzzResources now = Take();
        if (now.Descriptors > Descriptors + DescriptorMargin) return $"LEAK: {Descriptors} descriptors before, {now.Descriptors} after.";
        if (now.Mappings > Mappings) return $"LEAK: {Mappings} mappings before, {now.Mappings} after.";
        return now.Memory > Memory + MemoryMargin ? $"LEAK: {Memory >> 20} MB before, {now.Memory >> 20} MB after." : null;
    }
}
