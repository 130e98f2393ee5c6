namespace VhostUser.Tests.Contract;

/// <summary>
/// The faults that the tests cover by name: known traps between programs that speak vhost-user (T), groups of malformed input (F, D, M, R,
/// N, S, L, I, C, B, P, H), and published vulnerabilities of other implementations. A row without a test fails FaultCatalogueTests.
/// </summary>
internal static class FaultCatalogue
{
    /// <summary>How many traps there are: T-1 to T-67.</summary>
    public const int Traps = 67;

    /// <summary>Traps that no endpoint of this product can meet, with the reason.</summary>
    public static readonly Dictionary<int, string> TrapsNotApplicable = new()
    {
        [64] = "conventions for the command line of a back-end program; a server here is started by a cmdlet, whose -Path is that program's --socket-path",
    };

    /// <summary>The groups of malformed input and how many rows each has.</summary>
    public static readonly (char Group, int Rows)[] Groups =
    [
        ('F', 9),  // framing
        ('D', 7),  // descriptors
        ('M', 10), // memory table
        ('R', 19), // rings
        ('N', 3),  // network header
        ('S', 8),  // state
        ('L', 2),  // dirty log
        ('I', 1),  // inflight
        ('C', 1),  // configuration space
        ('B', 2),  // back-end channel
        ('P', 1),  // hostile back-end
        ('H', 4),  // host
    ];

    /// <summary>Vulnerabilities that were published for other implementations of vhost-user or of virtio rings.</summary>
    public static readonly string[] Vulnerabilities =
    [
        "CVE-2018-1059", "CVE-2019-9547", "CVE-2019-14818", "CVE-2019-14835", "CVE-2020-10722", "CVE-2020-10723", "CVE-2020-10724", "CVE-2020-10725",
        "CVE-2020-10726", "CVE-2020-14374", "CVE-2020-14375", "CVE-2020-14376", "CVE-2020-14377", "CVE-2020-14378", "CVE-2021-3839", "CVE-2022-0669",
        "CVE-2022-2132", "CVE-2023-50711", "CVE-2024-11614",
    ];
}
