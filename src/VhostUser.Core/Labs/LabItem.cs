namespace VhostUser.Labs;

/// <summary>One thing of a lab with its settings, each of the type that its key demands.</summary>
public sealed class LabItem
{
    private static readonly string[] s_ports = ["Port", "Tap"];

    internal LabItem(LabItemKind kind, string name, string? host, SortedDictionary<string, object> settings)
    {
        Kind = kind;
        Name = name;
        Host = host;
        Settings = settings;
    }

    /// <summary>What it is.</summary>
    public LabItemKind Kind { get; }

    /// <summary>Its name, unique among its kind in the lab.</summary>
    public string Name { get; }

    /// <summary>The host on which it is made; null for every host.</summary>
    public string? Host { get; }

    /// <summary>The settings that the file gives.</summary>
    public IReadOnlyDictionary<string, object> Settings { get; }

    /// <summary>The names of a bridge's ports, sorted: servers and interfaces.</summary>
    public string[] Ports => [.. s_ports.SelectMany(Names).Order(StringComparer.OrdinalIgnoreCase)];

    /// <summary>A list of names; empty when it is not set.</summary>
    public string[] Names(string key) => Settings.GetValueOrDefault(key) as string[] ?? [];

    /// <summary>Whether a switch is set.</summary>
    public bool IsSet(string key) => Settings.GetValueOrDefault(key) is true;

    /// <summary>A setting, or a value to take when the file does not give it.</summary>
    internal T Get<T>(string key, T otherwise) => Settings.TryGetValue(key, out object? value) ? (T)value : otherwise;

    /// <summary>The settings in words: 'Mode Echo, Path ./a.sock'.</summary>
    public override string ToString() => string.Join(", ", Settings.Select(setting => $"{setting.Key} {LabValues.Text(setting.Value)}"));

    /// <summary>What another version of this item has differently: 'Mode: Sink → Echo'. Ports of a bridge are no difference, they can change while it runs.</summary>
    internal IEnumerable<string> Differences(LabItem other) => Settings.Keys.Union(other.Settings.Keys)
        .Where(key => !(Kind == LabItemKind.Bridge && s_ports.Contains(key)))
        .Select(key => (Key: key, Mine: Shown(Settings, key), Theirs: Shown(other.Settings, key)))
        .Where(pair => pair.Mine != pair.Theirs)
        .Select(pair => $"{pair.Key}: {pair.Mine} → {pair.Theirs}");

    private static string Shown(IReadOnlyDictionary<string, object> settings, string key) => settings.TryGetValue(key, out object? value) ? LabValues.Text(value) : "(not set)";
}
