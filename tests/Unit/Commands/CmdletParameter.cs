using System.Management.Automation;
using System.Reflection;

namespace VhostUser.Tests.Commands;

/// <summary>A parameter of a cmdlet: the property and what its attributes declare.</summary>
internal sealed record CmdletParameter(PropertyInfo Property)
{
    public string Name => Property.Name;

    /// <summary>One declaration per parameter set.</summary>
    public ParameterAttribute[] Declarations { get; } = [.. Property.GetCustomAttributes<ParameterAttribute>()];

    public IEnumerable<string> Names => [Name, .. Property.GetCustomAttributes<AliasAttribute>().SelectMany(alias => alias.AliasNames)];

    /// <summary>The parameters of a cmdlet class, inherited ones included.</summary>
    public static IReadOnlyList<CmdletParameter> Of(Type cmdlet) =>
        [.. cmdlet.GetProperties().Select(property => new CmdletParameter(property)).Where(parameter => parameter.Declarations.Length > 0)];

    /// <summary>The names of the parameter sets of a cmdlet class; the common set alone when none is named.</summary>
    public static IReadOnlyList<string> SetsOf(Type cmdlet)
    {
        string[] named = [.. Of(cmdlet)
            .SelectMany(parameter => parameter.Declarations)
            .Select(declaration => declaration.ParameterSetName)
            .Append(cmdlet.GetCustomAttribute<CmdletAttribute>()?.DefaultParameterSetName) // a set may have no parameter of its own
            .Where(name => name is not null && name != ParameterAttribute.AllParameterSets)
            .Distinct()!];
        return named.Length == 0 ? [ParameterAttribute.AllParameterSets] : named;
    }

    /// <summary>What the parameter declares for a set, or null when it is not part of it.</summary>
    public ParameterAttribute? In(string set) => Array.Find(
        Declarations, one => one.ParameterSetName == set || one.ParameterSetName == ParameterAttribute.AllParameterSets);
}
