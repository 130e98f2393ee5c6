namespace VhostUser.Tests.Interop.Peers;

/// <summary>The programs the tests talk to, and how a user gets them.</summary>
public static class Programs
{
    /// <summary>DPDK's packet forwarding program: a vhost-user back-end (net_vhost) and front-end (virtio_user).</summary>
    public const string Testpmd = "dpdk-testpmd";

    /// <summary>Returns the full path of <paramref name="program"/>, or null when the PATH does not have it.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Returns why tests that need <paramref name="program"/> cannot run, or null when they can.</summary>
    public static string? WhyMissing(string program) => Find(program) is not null
        ? null
        : program == Testpmd
            ? "dpdk-testpmd not found: ./build.sh peers installs it (apt-get install dpdk-dev)"
            : $"{program} not found in PATH";
}
