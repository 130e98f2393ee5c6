using System.Management.Automation;

namespace VhostUser.Views;

/// <summary>Colours for states in the views: what works is green, what is not there yet is yellow, what is broken is red.</summary>
/// <remarks>$PSStyle decides which escapes that are, and strips them where it is told to; output that goes into a file or pipe gets none.</remarks>
public static class StateColor
{
    private static readonly HashSet<string> s_good = new(StringComparer.OrdinalIgnoreCase) { "Running", "enabled", "Up", "Used" };
    private static readonly HashSet<string> s_pending = new(StringComparer.OrdinalIgnoreCase)
        { "Connecting", "Connected", "Disconnected", "Reconnecting", "Busy", "disabled", "Limited", "Down" };

    private static readonly HashSet<string> s_broken = new(StringComparer.OrdinalIgnoreCase) { "Faulted", "Blocked" };

    /// <summary>A state, coloured by its first word; other words than those of states stay plain.</summary>
    /// <param name="state">The state, as text or enum.</param>
    /// <param name="style">$PSStyle.</param>
    public static string State(object? state, PSObject style) => Paint($"{state}", ColorOf($"{state}".Split(' ', 2)[0]), style, Console.IsOutputRedirected);

    /// <summary>A ring's verdict: green when it begins with ok.</summary>
    /// <param name="verdict">The verdict.</param>
    /// <param name="style">$PSStyle.</param>
    public static string Verdict(string? verdict, PSObject style) =>
        Paint(verdict ?? "", (verdict ?? "").StartsWith("ok", StringComparison.Ordinal) ? "Green" : "Yellow", style, Console.IsOutputRedirected);

    internal static string? ColorOf(string word) => s_good.Contains(word) ? "Green" : s_pending.Contains(word) ? "Yellow" : s_broken.Contains(word) ? "Red" : null;

    internal static string Paint(string text, string? color, PSObject style, bool redirected)
    {
        if (redirected || text.Length == 0 || color is null || style is null) return text;
        // By name: the cmdlet API that the module is compiled against is older than PSStyle.
        return $"{Read(Read(style.BaseObject, "Foreground"), color)}{text}{Read(style.BaseObject, "Reset")}";
    }

    private static object? Read(object? value, string property) => value?.GetType().GetProperty(property)?.GetValue(value);
}
