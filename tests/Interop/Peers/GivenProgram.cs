namespace VhostUser.Tests.Interop.Peers;

/// <summary>A peer that no package has: an environment variable gives the path of the program.</summary>
internal static class GivenProgram
{
    /// <summary>Returns why <paramref name="variable"/> names no program, with what to build, or null when it does.</summary>
    public static string? WhyMissing(string variable, string remedy)
    {
        string? path = Environment.GetEnvironmentVariable(variable);
        return string.IsNullOrEmpty(path) ? $"{variable} is not set: {remedy}"
            : !File.Exists(path) ? $"{variable} names '{path}', which does not exist"
            : null;
    }
}
