using System.Management.Automation;
using System.Management.Automation.Host;

namespace VhostUser.Watching;

/// <summary>What a live picture needs of the host: its size, its keys and its colours.</summary>
internal sealed class LiveTerminal
{
    private readonly PSHostUserInterface _host;

    private LiveTerminal(PSHostUserInterface host, WatchStyle style)
    {
        _host = host;
        Style = style;
    }

    /// <summary>The colours, from $PSStyle; none when it says PlainText (NO_COLOR).</summary>
    public WatchStyle Style { get; }

    /// <summary>Where frames are written. The host would take control sequences away from text when colours are off.</summary>
    public static TextWriter Output => Console.Out;

    /// <summary>Columns and rows now.</summary>
    public (int Width, int Height) Size => (_host.RawUI.WindowSize.Width, _host.RawUI.WindowSize.Height);

    /// <summary>The terminal of this pipeline, or null when nobody sees it: redirected, piped on, or no terminal at all.</summary>
    public static LiveTerminal? TryOpen(PSCmdlet cmdlet) => cmdlet.Host is null ? null : Open(cmdlet);

    /// <summary>Whether q was pressed since the last look; other keys are swallowed.</summary>
    public bool QuitPressed()
    {
        while (_host.RawUI.KeyAvailable)
        {
            if (char.ToLowerInvariant(_host.RawUI.ReadKey(ReadKeyOptions.NoEcho | ReadKeyOptions.IncludeKeyDown).Character) == 'q') return true;
        }
        return false;
    }

    private static LiveTerminal? Open(PSCmdlet cmdlet)
    {
        bool isLast = cmdlet.MyInvocation.PipelinePosition == cmdlet.MyInvocation.PipelineLength;
        if (!isLast || Console.IsOutputRedirected || Console.IsInputRedirected || cmdlet.Host.UI is not { SupportsVirtualTerminal: true } host) return null;
        try
        {
            if (host.RawUI.WindowSize is not { Width: > 0, Height: > 0 }) return null;
            _ = host.RawUI.KeyAvailable;
        }
        catch (Exception error) when (error is HostException or NotImplementedException or PSInvalidOperationException or InvalidOperationException)
        {
            return null; // a host without a terminal: a remote session, an editor
        }
        return new LiveTerminal(host, StyleOf(cmdlet.SessionState.PSVariable.GetValue("PSStyle")));
    }

    private static WatchStyle StyleOf(object? psStyle)
    {
        if (psStyle is null) return WatchStyle.Plain;
        PSObject style = PSObject.AsPSObject(psStyle);
        if (Text(style, "OutputRendering") == "PlainText" || style.Properties["Foreground"]?.Value is not object foreground) return WatchStyle.Plain;
        PSObject colour = PSObject.AsPSObject(foreground);
        return new WatchStyle(Text(style, "Bold"), Text(colour, "Green"), Text(colour, "Yellow"), Text(colour, "Red"),
            Text(colour, "Cyan"), Text(colour, "Yellow"), Text(colour, "Magenta"), Text(colour, "BrightBlack"), Text(style, "Reset"));
    }

    private static string Text(PSObject from, string property) => from.Properties[property]?.Value?.ToString() ?? "";
}
