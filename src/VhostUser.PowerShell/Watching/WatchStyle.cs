namespace VhostUser.Watching;

/// <summary>The escape sequences of a frame's colours; <see cref="Plain"/> has none.</summary>
internal sealed record WatchStyle(string Name, string Good, string Warning, string Bad, string Available, string InFlight, string Used, string Free, string Reset)
{
    public static WatchStyle Plain { get; } = new("", "", "", "", "", "", "", "", "");
}
