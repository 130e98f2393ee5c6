namespace VhostUser.Fuzz;

/// <summary>What a target could leak: descriptors of the kinds that sessions hold, mappings of peers' files, and memory.</summary>
internal sealed record FuzzResources(IReadOnlyDictionary<string, int> Descriptors, int Mappings, long Memory)
{
    private const long MemoryMargin = 256 << 20;

    public static FuzzResources Take() => new(
        Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(KindOf).OfType<string>().CountBy(kind => kind).ToDictionary(),
        File.ReadLines("/proc/self/maps").Count(line => line.Contains("/memfd:fuzz", StringComparison.Ordinal)),
        Environment.WorkingSet);

    /// <summary>What has grown since, in words; null when nothing did.</summary>
    public string? ExplainGrowth()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        string? growth = Growth();
        // A state transfer of a session that has ended notices that on its own thread.
        for (int look = 0; growth is not null && look < 50; look++, growth = Growth()) Thread.Sleep(100);
        return growth;
    }

    private string? Growth()
    {
        FuzzResources now = Take();
        foreach ((string kind, int count) in now.Descriptors)
        {
            int before = Descriptors.GetValueOrDefault(kind);
            if (count > before) return $"LEAK: {before} descriptors of {kind} before, {count} after.";
        }
        if (now.Mappings > Mappings) return $"LEAK: {Mappings} mappings before, {now.Mappings} after.";
        return now.Memory > Memory + MemoryMargin ? $"LEAK: {Memory >> 20} MB before, {now.Memory >> 20} MB after." : null;
    }

    // The runtime opens files of its own at any time; a socket's or pipe's text ends with its number.
    private static string? KindOf(string path)
    {
        string target;
        try
        {
            target = new FileInfo(path).LinkTarget ?? "";
        }
        catch (IOException)
        {
            return null; // closed between the listing and the look
        }
        string kind = target.Split('[')[0];
        if (kind == "anon_inode:") return target;
        return kind is "socket:" or "pipe:" || target.StartsWith("/memfd:", StringComparison.Ordinal) ? kind : null;
    }
}
