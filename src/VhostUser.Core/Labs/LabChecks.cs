using VhostUser.Endpoints;

namespace VhostUser.Labs;

/// <summary>What the items of a lab must have in common: names that are there, on the same host, used once.</summary>
internal static class LabChecks
{
    public static IEnumerable<LabProblem> Of(Lab lab) => lab.Items.SelectMany(item => HostOf(lab, item).Concat(item.Kind switch
    {
        LabItemKind.Server => Server(lab, item),
        LabItemKind.Bridge => Bridge(lab, item),
        LabItemKind.Client => Client(lab, item),
        _ => [],
    }));

    private static IEnumerable<LabProblem> HostOf(Lab lab, LabItem item)
    {
        if (item.Host is string host && !lab.Hosts.ContainsKey(host))
            yield return At(item, "Host", lab.Hosts.Count == 0 ? "the lab has no Hosts table" : $"expected one of {string.Join(", ", lab.Hosts.Keys)}; '{host}' came");
    }

    private static IEnumerable<LabProblem> Server(Lab lab, LabItem item)
    {
        ServerMode mode = item.Get("Mode", item.Settings.ContainsKey("Tap") ? ServerMode.Tap : ServerMode.Sink);
        if (mode == ServerMode.Tap != item.Settings.ContainsKey("Tap"))
            yield return At(item, "Tap", "mode Tap needs the name of an interface in Tap, and no other mode takes one");
        foreach (string key in new[] { "Rate", "PacketSize" }.Where(item.Settings.ContainsKey))
            if (mode != ServerMode.Source) yield return At(item, key, $"is for mode Source; the mode is {mode}");
        LabItem? other = lab.Items.FirstOrDefault(one => one != item && one.Kind == LabItemKind.Server && Meet(one, item) && !one.IsSet("Connect") && !item.IsSet("Connect")
            && one.Settings["Path"].Equals(item.Settings["Path"]) && string.CompareOrdinal(one.Name, item.Name) < 0);
        if (other is not null) yield return At(item, "Path", $"server {other.Name} listens there already");
    }

    private static IEnumerable<LabProblem> Bridge(Lab lab, LabItem item)
    {
        foreach (string port in item.Names("Port"))
        {
            LabItem? server = lab.Find(LabItemKind.Server, port);
            if (server is not null && !Meet(server, item)) yield return At(item, "Port", $"server {port} is on host {server.Host}, the bridge on {item.Host}");
            // What is no server of the lab is an interface of the host; the kernel's names have at most 15 bytes.
            if (server is null && (port.Length > 15 || port.Contains('/', StringComparison.Ordinal))) yield return At(item, "Port", $"expected a server of the lab or an interface; '{port}' came");
            LabItem? other = lab.Items.FirstOrDefault(one => one.Kind == LabItemKind.Bridge && one != item && Meet(one, item) && one.Ports.Contains(port, StringComparer.OrdinalIgnoreCase));
            if (other is not null && string.CompareOrdinal(other.Name, item.Name) < 0) yield return At(item, "Port", $"{port} is a port of bridge {other.Name} already");
        }
        foreach (string key in new[] { "AccessVlan", "Trunk", "Group" })
        {
            if (item.Settings.GetValueOrDefault(key) is not SortedDictionary<string, object> table) continue;
            foreach (string port in table.Keys.Except(item.Ports, StringComparer.OrdinalIgnoreCase)) yield return At(item, key, $"the bridge has no port {port}");
        }
        foreach (string twice in item.Ports.GroupBy(port => port, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1).Select(group => group.Key))
            yield return At(item, "Port", $"{twice} is there twice");
    }

    private static IEnumerable<LabProblem> Client(Lab lab, LabItem item)
    {
        foreach (string region in item.Names("Region"))
        {
            LabItem? found = lab.Find(LabItemKind.Region, region);
            if (found is null) yield return At(item, "Region", $"expected one of the lab's regions ({NamesOf(lab, LabItemKind.Region)}); '{region}' came");
            else if (!Meet(found, item)) yield return At(item, "Region", $"region {region} is on host {found.Host}, the client on {item.Host}");
        }
        if (item.Settings.ContainsKey("Path") == item.Settings.ContainsKey("Server"))
            yield return new LabProblem(PathOf(item), "expected either Server, a server of the lab, or Path, a socket");
        if (item.Settings.GetValueOrDefault("Server") is not string name) yield break;
        LabItem? server = lab.Find(LabItemKind.Server, name);
        if (server is null) yield return At(item, "Server", $"expected one of the lab's servers ({NamesOf(lab, LabItemKind.Server)}); '{name}' came");
        else if (!Meet(server, item)) yield return At(item, "Server", $"server {name} is on host {server.Host}, the client on {item.Host}");
        else if (server.IsSet("Connect") != item.IsSet("Listen"))
            yield return At(item, "Listen", server.IsSet("Connect") ? $"server {name} connects, so this client must listen: Listen = $true" : $"server {name} listens, so this client must not");
    }

    private static string NamesOf(Lab lab, LabItemKind kind) => string.Join(", ", lab.Items.Where(item => item.Kind == kind).Select(item => item.Name).DefaultIfEmpty("there are none"));

    // An item without a host is made on every host, so it meets all others.
    private static bool Meet(LabItem one, LabItem other) => one.Host is null || other.Host is null || Lab.IsSame(one.Host, other.Host);

    private static LabProblem At(LabItem item, string key, string message) => new([.. PathOf(item), key], message);

    private static string[] PathOf(LabItem item) => [LabSchema.Sections.First(section => section.Value.Kind == item.Kind).Key, item.Name];
}
