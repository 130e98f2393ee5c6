using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>What this process holds that a peer could make it leak: descriptors, endpoint threads, and mappings of shared memory.</summary>
internal sealed record ResourceCount(int Descriptors, int Threads, int Mappings)
{
    public static ResourceCount Take() => new(
        Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(IsOurs),
        Directory.EnumerateDirectories("/proc/self/task").Count(IsEndpoint),
        File.ReadLines("/proc/self/maps").Count(line => line.Contains("/memfd:vhost", StringComparison.Ordinal)));

    /// <summary>
    /// Fails when more is held than at this count after a while: the other thread may still be closing. Less is no leak: the count may
    /// have been taken while the kernel still listed the ended thread of the test before.
    /// </summary>
    public void AssertRestored()
    {
        ResourceCount now = this;
        if (!RawFrontEnd.WaitUntil(() => (now = Take()).IsWithin(this), TimeSpan.FromSeconds(5))) Assert.Equal(this, now);
    }

    private bool IsWithin(ResourceCount limit) => Descriptors <= limit.Descriptors && Threads <= limit.Threads && Mappings <= limit.Mappings;

    // The runtime opens files of its own at any time; the kinds that endpoints hold are these.
    private static bool IsOurs(string path)
    {
        string target = TargetOf(path);
        return target.StartsWith("socket:", StringComparison.Ordinal) || target.StartsWith("anon_inode:", StringComparison.Ordinal)
            || target.StartsWith("/memfd:vhost", StringComparison.Ordinal) || target.StartsWith("pipe:", StringComparison.Ordinal)
            || target.StartsWith("/dev/zero", StringComparison.Ordinal) || target.Contains("/vhost", StringComparison.Ordinal);
    }

    private static string TargetOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget ?? "";
        }
        catch (IOException)
        {
            return ""; // closed between the listing and the look
        }
    }

    private static bool IsEndpoint(string task)
    {
        try
        {
            return File.ReadAllText(task + "/comm").StartsWith("vhost ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
