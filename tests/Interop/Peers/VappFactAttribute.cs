namespace VhostUser.Tests.Interop.Peers;

/// <summary>A fact that needs Virtual Open Systems' vapp, and is reported as skipped where the path of the program is not given.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class VappFactAttribute : Xunit.FactAttribute
{
    /// <summary>Environment variable with the path of vapp, built as it comes: it dumps packets and sends one per second.</summary>
    public const string Program = "VAPP";

    /// <summary>Environment variable with the path of vapp, built without DUMP_PACKETS (common.h): it sends as fast as it can.</summary>
    public const string QuietProgram = "VAPP_QUIET";

    /// <summary>Looks into environment variable <paramref name="variable"/>.</summary>
    public VappFactAttribute(string variable = Program) => Skip = GivenProgram.WhyMissing(variable,
        $"build virtualopensystems/vapp{(variable == QuietProgram ? " without DUMP_PACKETS (common.h)" : "")} and set {variable} to the path of its program, vhost");
}
