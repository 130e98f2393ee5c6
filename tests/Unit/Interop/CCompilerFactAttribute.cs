using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>A test that needs gcc and one header; it is skipped, with the reason, where either is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CCompilerFactAttribute : FactAttribute
{
    public CCompilerFactAttribute(string header)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, "gcc")))) Skip = "gcc is not installed";
        else if (!File.Exists("/usr/include/" + header)) Skip = $"/usr/include/{header} is not installed";
    }
}
