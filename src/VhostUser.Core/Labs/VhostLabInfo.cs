namespace VhostUser.Labs;

/// <summary>A photograph of a lab of this process.</summary>
public sealed record VhostLabInfo
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }
    /// <summary>Tells this lab from another that had or will have its name.</summary>
    public required Guid HandleId { get; init; }
    /// <summary>The file it was read from, or null for a table given at the prompt.</summary>
    public required string? Path { get; init; }
    /// <summary>Id of the process that made it.</summary>
    public required int OwnerProcessId { get; init; }
    /// <summary>What it has made.</summary>
    public required VhostLabItemInfo[] Items { get; init; }
}

/// <summary>A photograph of one thing that a lab has made.</summary>
public sealed record VhostLabItemInfo
{
    /// <summary>The lab.</summary>
    public required string Lab { get; init; }
    /// <summary>What it is.</summary>
    public required LabItemKind Kind { get; init; }
    /// <summary>Its name.</summary>
    public required string Name { get; init; }
    /// <summary>Where it stands: the state of a server or client, "Present", or "Gone" when it was closed by hand.</summary>
    public required string State { get; init; }
    /// <summary>Its settings in the file.</summary>
    public required string Settings { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
