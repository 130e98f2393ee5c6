using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;

namespace VhostUser.Tests.Contract;

/// <summary>Every row of the fault catalogue has a test that carries its number.</summary>
public sealed class FaultCatalogueTests
{
    private static readonly string[] s_names =
    [
        .. typeof(FaultCatalogueTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Where(method => method.GetCustomAttributes<FactAttribute>().Any(fact => fact.Skip is null))
            .Select(method => method.Name),
    ];

    private static readonly string s_sources = string.Join('\n', RepositoryFiles.Below("tests/Unit", ".cs").Where(file => !file.Contains("/Contract/", StringComparison.Ordinal)).Select(RepositoryFiles.Read));

    [Fact]
    public void Every_trap_has_a_test_of_its_name()
    {
        IEnumerable<int> missing = Enumerable.Range(1, FaultCatalogue.Traps)
            .Where(trap => !FaultCatalogue.TrapsNotApplicable.ContainsKey(trap) && !s_names.Any(name => Regex.IsMatch(name, $@"(^|_)T_{trap:00}_")));
        Assert.Equal([], missing);
    }

    [Fact]
    public void Every_vulnerability_has_a_test_with_its_number()
    {
        IEnumerable<string> missing = FaultCatalogue.Vulnerabilities.Where(cve => !s_names.Any(name => Regex.IsMatch(name, $@"{cve.Replace('-', '_')}(?!\d)")));
        Assert.Equal([], missing);
    }

    [Fact]
    public void Every_row_of_every_group_has_a_test_or_a_case_with_its_number()
    {
        // Rows are numbered in the names of tests (R15_, R_15_) and in the names of cases in tables ("R-15 …").
        IEnumerable<string> missing = FaultCatalogue.Groups.SelectMany(group => Enumerable.Range(1, group.Rows).Select(row => (group.Group, Row: row)))
            .Where(row => !Regex.IsMatch(s_sources, $@"""{row.Group}-{row.Row} |\bvoid (\w+_)?{row.Group}_?{row.Row}(_\w+)?\("))
            .Select(row => $"{row.Group}-{row.Row}");
        Assert.Equal([], missing);
    }
}
