using System.Collections;

namespace VhostUser.Labs;

/// <summary>Reads a lab out of the table that a .psd1 file holds, and finds everything that is wrong with it at once.</summary>
public sealed class LabReader
{
    private readonly List<LabProblem> _problems = [];
    private readonly List<LabItem> _items = [];
    private readonly SortedDictionary<string, string> _hosts = new(StringComparer.OrdinalIgnoreCase);

    private LabReader() { }

    /// <summary>Reads a lab.</summary>
    /// <param name="table">The table: strings, numbers, $true and $false, lists and tables.</param>
    /// <param name="name">Its name, when the table has no Name.</param>
    /// <param name="problems">What is wrong; empty when the lab can be used.</param>
    public static Lab Read(IDictionary table, string name, out IReadOnlyList<LabProblem> problems)
    {
        ArgumentNullException.ThrowIfNull(table);
        var reader = new LabReader();
        Lab lab = reader.Read(table, name);
        problems = reader._problems;
        return lab;
    }

    private Lab Read(IDictionary table, string name)
    {
        foreach (DictionaryEntry entry in table)
        {
            string key = $"{entry.Key}";
            if (Lab.IsSame(key, "Name")) name = ReadName(entry.Value) ?? name;
            else if (Lab.IsSame(key, LabSchema.Hosts)) ReadTables([key], entry.Value, ReadHost);
            else if (Lab.IsSame(key, LabSchema.Links))
                Add([key], "links between hosts are not made from a lab file yet; make them with New-IbTransport, and leave the section out");
            else if (LabSchema.Sections.TryGetValue(key, out var section)) ReadTables([key], entry.Value, (path, one) => ReadItem(path, one, section.Kind, section.Keys));
            else Add([key], Unknown(LabSchema.TopKeys, key));
        }
        var lab = new Lab(name, _hosts, [.. _items.OrderBy(item => item.Kind).ThenBy(item => item.Name, StringComparer.OrdinalIgnoreCase)]);
        if (_problems.Count == 0) _problems.AddRange(LabChecks.Of(lab));
        return lab;
    }

    private string? ReadName(object? value)
    {
        if (value is string text && text.Trim().Length > 0) return text;
        Add(["Name"], $"expected text; {LabValues.Came(value)} came");
        return null;
    }

    private void ReadTables(string[] path, object? value, Action<string[], IDictionary> read)
    {
        if (value is not IDictionary tables)
        {
            Add(path, $"expected a table with a table for each name, as @{{ name = @{{ … }} }}; {LabValues.Came(value)} came");
            return;
        }
        foreach (DictionaryEntry entry in tables)
        {
            string name = $"{entry.Key}";
            string[] below = [.. path, name];
            if (name.Trim().Length == 0 || name.AsSpan().IndexOfAny("*?[]/") >= 0) Add(below, "a name can't be empty or have *, ?, [, ] or / in it");
            else if (entry.Value is not IDictionary one) Add(below, $"expected a table @{{ … }}; {LabValues.Came(entry.Value)} came");
            else read(below, one);
        }
    }

    private void ReadHost(string[] path, IDictionary table)
    {
        SortedDictionary<string, object> settings = ReadSettings(path, table, LabSchema.HostKeys);
        _hosts[path[^1]] = settings.GetValueOrDefault("HostName") as string ?? path[^1];
    }

    private void ReadItem(string[] path, IDictionary table, LabItemKind kind, LabKey[] keys)
    {
        LabKey[] withHost = [.. keys, new("Host", LabValues.Words("the name of a host of the lab"))];
        SortedDictionary<string, object> settings = ReadSettings(path, table, withHost);
        settings.Remove("Host", out object? host);
        _items.Add(new LabItem(kind, path[^1], (string?)host, settings));
    }

    private SortedDictionary<string, object> ReadSettings(string[] path, IDictionary table, LabKey[] keys)
    {
        var settings = new SortedDictionary<string, object>(StringComparer.OrdinalIgnoreCase);
        foreach (DictionaryEntry entry in table)
        {
            string name = $"{entry.Key}";
            LabKey? key = Array.Find(keys, key => Lab.IsSame(key.Name, name));
            if (key is null)
            {
                Add([.. path, name], Unknown(keys.Select(known => known.Name), name));
                continue;
            }
            try
            {
                settings[key.Name] = key.Read(entry.Value ?? throw new FormatException("a value"));
            }
            catch (FormatException expected)
            {
                Add([.. path, name], $"expected {expected.Message}; {LabValues.Came(entry.Value)} came");
            }
        }
        foreach (LabKey missing in keys.Where(key => key.Required && !table.Keys.Cast<object>().Any(name => Lab.IsSame($"{name}", key.Name))))
            Add(path, $"the key {missing.Name} is missing");
        return settings;
    }

    private void Add(string[] path, string message) => _problems.Add(new LabProblem(path, message));

    private static string Unknown(IEnumerable<string> known, string name)
    {
        string[] all = [.. known];
        string? near = all.FirstOrDefault(one => one.StartsWith(name, StringComparison.OrdinalIgnoreCase) || name.StartsWith(one, StringComparison.OrdinalIgnoreCase));
        return $"there is no such key{(near is null ? "" : $" (perhaps {near}?)")}; expected one of {string.Join(", ", all)}";
    }
}
