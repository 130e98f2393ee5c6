namespace VhostUser.Labs;

/// <summary>A lab as a file describes it, checked.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Hosts">The hosts that it names, each with the name that the network knows it by; empty for a lab of one host.</param>
/// <param name="Items">What it is made of.</param>
public sealed record Lab(string Name, IReadOnlyDictionary<string, string> Hosts, IReadOnlyList<LabItem> Items)
{
    /// <summary>The part that one host makes.</summary>
    /// <param name="host">The host's name in the file; null finds it by the machine's name.</param>
    /// <param name="machine">The machine's name.</param>
    /// <exception cref="VhostException">InvalidArgument: the lab does not have that host, or does not tell which one this machine is.</exception>
    public Lab On(string? host, string machine)
    {
        if (Hosts.Count == 0)
            return host is null ? this : throw new VhostException(VhostError.InvalidArgument, $"Lab '{Name}' has no hosts; '{host}' was given.", Name, "Leave out -HostName, or add a Hosts table to the lab.");
        string? here = host ?? Hosts.FirstOrDefault(entry => IsSame(entry.Key, machine) || IsSame(entry.Value, machine)).Key;
        if (here is null || !Hosts.Keys.Any(name => IsSame(name, here)))
            throw new VhostException(VhostError.InvalidArgument,
                $"Lab '{Name}' has the hosts {string.Join(", ", Hosts.Keys)}; {(host is null ? $"this machine, '{machine}', is none of them" : $"'{host}' is none of them")}.", Name,
                "Say which one this is: -HostName " + Hosts.Keys.First());
        return this with { Items = [.. Items.Where(item => item.Host is null || IsSame(item.Host, here))] };
    }

    /// <summary>The item of that kind and name, or null.</summary>
    public LabItem? Find(LabItemKind kind, string name) => Items.FirstOrDefault(item => item.Kind == kind && IsSame(item.Name, name));

    internal static bool IsSame(string left, string right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);
}
