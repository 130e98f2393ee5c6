using System.Collections;
using VhostUser.Labs;
using Xunit;

namespace VhostUser.Tests.Labs;

/// <summary>Tables as PowerShell reads them from a data file.</summary>
internal static class LabTables
{
    public static Hashtable T(params (string Key, object? Value)[] entries)
    {
        var table = new Hashtable(StringComparer.OrdinalIgnoreCase);
        foreach ((string key, object? value) in entries) table[key] = value;
        return table;
    }

    /// <summary>A region, two servers, a bridge with one of them, a client of the other.</summary>
    public static Hashtable Trio() => T(
        ("Name", "trio"),
        ("Regions", T(("mem", T(("Size", 64 << 20))))),
        ("Servers", T(("sw0", T(("Path", "./sw0.sock"))), ("sw1", T(("Path", "./sw1.sock"), ("Mode", "Echo"))))),
        ("Bridges", T(("br0", T(("Port", "sw0"))))),
        ("Clients", T(("vm0", T(("Region", "mem"), ("Server", "sw1"))))));

    public static Hashtable With(Hashtable table, string section, string name, object? item)
    {
        var items = (Hashtable)table[section]!;
        if (item is null) items.Remove(name);
        else items[name] = item;
        return table;
    }

    /// <summary>The lab of a table that has nothing wrong.</summary>
    public static Lab Read(Hashtable table)
    {
        Lab lab = LabReader.Read(table, "lab", out IReadOnlyList<LabProblem> problems);
        Assert.Empty(problems);
        return lab;
    }
}
