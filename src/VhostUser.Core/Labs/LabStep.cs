namespace VhostUser.Labs;

/// <summary>What is done with one item of a lab.</summary>
public enum LabAction
{
    /// <summary>Nothing: it is there as the file wants it.</summary>
    Keep,
    /// <summary>It is made.</summary>
    Make,
    /// <summary>Its ports are added and removed while it runs.</summary>
    Change,
    /// <summary>It is taken down.</summary>
    Remove,
}

/// <summary>One step from what is there to what a lab file wants.</summary>
/// <param name="Action">What is done.</param>
/// <param name="Item">The item; for Remove as it was made.</param>
/// <param name="Detail">Its settings, what changes, or why it goes.</param>
public sealed record LabStep(LabAction Action, LabItem Item, string Detail)
{
    /// <summary>What kind of thing it is.</summary>
    public LabItemKind Kind => Item.Kind;

    /// <summary>Its name.</summary>
    public string Name => Item.Name;

    /// <inheritdoc/>
    public override string ToString() => $"{Action} {Kind.ToString().ToLowerInvariant()} {Name}: {Detail}";
}
