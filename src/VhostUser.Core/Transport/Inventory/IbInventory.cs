namespace VhostUser.Transport.Inventory;

/// <summary>The RDMA devices of a machine, or why it has none.</summary>
public sealed record IbInventory
{
    private const string Class = "sys/class/infiniband";

    /// <summary>The devices, by name.</summary>
    public required IbDevice[] Devices { get; init; }

    /// <summary>Why there are none; null when there are.</summary>
    public required string? WhyEmpty { get; init; }

    /// <summary>What to do about that.</summary>
    public required string? Remedy { get; init; }

    /// <summary>Looks at a machine.</summary>
    /// <param name="root">"/" for this one; another folder for a copy of a machine's files, as a container's /host or an sosreport.</param>
    public static IbInventory Read(string root = "/") => Read(IbSources.Of(root));

    internal static IbInventory Read(IbSources sources)
    {
        string[] names = sources.Files.Names(Class);
        if (names.Length == 0)
        {
            (string why, string remedy) = MissingDevices.Explain(sources.Files);
            return new IbInventory { Devices = [], WhyEmpty = why, Remedy = remedy };
        }
        DeviceReader reader = new(sources);
        return new IbInventory { Devices = [.. names.Select(name => reader.Read(name, $"{Class}/{name}"))], WhyEmpty = null, Remedy = null };
    }
}
