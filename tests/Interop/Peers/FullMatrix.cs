namespace VhostUser.Tests.Interop.Peers;

/// <summary>Whether this run does every cell of the interop matrix, or those only that fit into a few minutes.</summary>
public static class FullMatrix
{
    /// <summary>The environment variable that asks for every cell, with the value "full".</summary>
    public const string Variable = "VHOSTUSER_INTEROP";

    /// <summary>Gets whether every cell is asked for, each at its full length.</summary>
    public static bool IsWanted => Environment.GetEnvironmentVariable(Variable) == "full";

    /// <summary>Gets how long traffic flows in a cell that is a matter of time.</summary>
    public static TimeSpan Duration => TimeSpan.FromSeconds(IsWanted ? 60 : 1);

    /// <summary>Gets why a cell of the full matrix is not run, or null when it is.</summary>
    public static string? WhySkipped => IsWanted ? null : $"part of the full matrix: ./build.sh interop, or {Variable}=full ./build.sh test";
}
