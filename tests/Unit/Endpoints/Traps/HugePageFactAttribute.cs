using System.Globalization;
using Xunit;

namespace VhostUser.Tests.Endpoints.Traps;

/// <summary>A fact that needs huge pages of 2 MiB, and is reported as skipped where none are free.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class HugePageFactAttribute : FactAttribute
{
    private const string Free = "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages";

    /// <summary>Looks for two free pages.</summary>
    public HugePageFactAttribute()
    {
        if (!File.Exists(Free) || int.Parse(File.ReadAllText(Free), CultureInfo.InvariantCulture) < 2)
            Skip = "No two huge pages of 2 MiB are free; as root: sysctl vm.nr_hugepages=2";
    }
}
