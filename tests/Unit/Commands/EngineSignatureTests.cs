using System.Management.Automation;
using System.Reflection;
using System.Runtime.Loader;
using System.Text.RegularExpressions;
using VhostUser.Tests.Contract;
using Xunit;

namespace VhostUser.Tests.Commands;

/// <summary>
/// Every signature of the stand-in is one of the assembly that the module compiles against, and with -p:PwshHome also one
/// of the real engine.
/// </summary>
public partial class EngineSignatureTests
{
    [Fact]
    public void The_stand_in_has_only_signatures_of_the_assemblies_it_stands_for()
    {
        var standIn = Load(EngineLocation.StandIn);
        Violations.AssertNone(Missing(standIn, Load(EngineLocation.PowerShellStandard)));
        if (!EngineLocation.IsStandIn)
            Violations.AssertNone(Missing(standIn, typeof(Cmdlet).Assembly));
    }

    [Fact]
    public void A_signature_that_the_other_lacks_is_found() =>
        Assert.NotEmpty(Missing(Load(EngineLocation.PowerShellStandard), Load(EngineLocation.StandIn)));

    // In a context of its own, beside the engine that the tests run on.
    private static Assembly Load(string path) => new AssemblyLoadContext(path, isCollectible: true).LoadFromAssemblyPath(path);

    private static IEnumerable<string> Missing(Assembly standIn, Assembly engine)
    {
        foreach (var type in standIn.GetExportedTypes())
        {
            if (engine.GetType(type.FullName!) is not { } counterpart)
            {
                yield return $"{type} does not exist there.";
                continue;
            }
            foreach (string line in Callable(type).Except(Callable(counterpart)))
                yield return $"{line} does not exist there.";
        }
    }

    // What a compiled caller is bound to: not annotations of null, not modifiers, not the classes between a class and its root.
    private static IEnumerable<string> Callable(Type type) => PublicApi.Of(type)
        .Where(line => !line.Contains(": base ", StringComparison.Ordinal))
        .Select(line => Unbound().Replace(line, ""));

    [GeneratedRegex(@"\?|\b(abstract|virtual|sealed|readonly) ")]
    private static partial Regex Unbound();
}
