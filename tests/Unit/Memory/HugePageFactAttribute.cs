using Xunit;

namespace VhostUser.Tests.Memory;

/// <summary>A test that needs some free huge pages of 2 MiB; it is skipped, with the reason, where there are none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class HugePageFactAttribute : FactAttribute
{
    private const string Counter = "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages";

    public HugePageFactAttribute()
    {
        if (!File.Exists(Counter) || int.Parse(File.ReadAllText(Counter)) < 8) Skip = "needs 8 free huge pages of 2 MiB: echo 8 > nr_hugepages as root";
    }
}
