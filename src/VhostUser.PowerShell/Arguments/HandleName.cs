using System.Management.Automation;

namespace VhostUser.Arguments;

/// <summary>What a new handle may be called.</summary>
internal static class HandleName
{
    /// <summary>Refuses names that could not be used afterwards.</summary>
    /// <exception cref="VhostException">InvalidArgument.</exception>
    public static void Check(string name)
    {
        if (string.IsNullOrWhiteSpace(name) || WildcardPattern.ContainsWildcardCharacters(name) || name.Contains('/', StringComparison.Ordinal))
            throw new VhostException(VhostError.InvalidArgument, $"'{name}' can't be a name: expected text without *, ?, [, ] and /.", name, "Choose a -Name such as vm0.");
    }
}
