using System.Diagnostics;
using Xunit;

namespace VhostUser.Tests.Memory;

/// <summary>The guard in a process of its own: its mappings survive, any other SIGBUS ends the process as .NET does it.</summary>
public class BusErrorProcessTests
{
    [Fact]
    public void A_fault_in_a_guarded_mapping_is_survived()
    {
        (int exitCode, string output, string errors) = Run("guarded");
        Assert.True(exitCode == 0, errors);
        Assert.Contains("read 0, lost True", output);
    }

    [Fact]
    public void A_fault_anywhere_else_still_reaches_the_handler_of_dotnet()
    {
        (int exitCode, string output, string errors) = Run("unguarded");
        Assert.Equal(128 + 6, exitCode); // SIGABRT, from .NET's own handler, which names the stack
        Assert.Contains("StartupHook.Initialize", errors);
        Assert.DoesNotContain("read", output);
    }

    internal static (int ExitCode, string Output, string Errors) Run(string fault)
    {
        string assembly = typeof(BusErrorProcessTests).Assembly.Location;
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["exec", assembly]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_STARTUP_HOOKS"] = assembly;
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        start.Environment[StartupHook.Variable] = fault;
        using Process child = Process.Start(start)!;
        Task<string> output = child.StandardOutput.ReadToEndAsync();
        string errors = child.StandardError.ReadToEnd();
        child.WaitForExit();
        return (child.ExitCode, output.Result, errors);
    }
}
