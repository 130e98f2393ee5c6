using System.Management.Automation;
using System.Reflection;
using Xunit;

namespace VhostUser.Tests.Contract;

/// <summary>The two assemblies under contract.</summary>
internal static class ModuleAssembly
{
    public static Assembly Core { get; } = typeof(VhostException).Assembly;

    public static Assembly Module { get; } = Assembly.Load("VhostUser.PowerShell");

    /// <summary>The cmdlet classes; a module without any fails the test that asks.</summary>
    public static IReadOnlyList<Type> Cmdlets()
    {
        Type[] cmdlets = [.. Module.GetTypes().Where(type => type.IsSubclassOf(typeof(Cmdlet)) && !type.IsAbstract)];
        Assert.NotEmpty(cmdlets);
        return cmdlets;
    }

    /// <summary>Verb-Noun of a cmdlet class, or the class's name when it declares none.</summary>
    public static string CommandName(Type cmdlet) =>
        cmdlet.GetCustomAttribute<CmdletAttribute>() is { } name ? $"{name.VerbName}-{name.NounName}" : cmdlet.Name;

    /// <summary>A type of either assembly by its full name, or null.</summary>
    public static Type? Find(string fullName) => Core.GetType(fullName) ?? Module.GetType(fullName);

    public static bool Owns(Type type) => type.Assembly == Core || type.Assembly == Module;
}
