namespace VhostUser.Transport.Inventory;

/// <summary>An entry of a port's table of global identifiers: an address of the port.</summary>
public sealed record IbGid
{
    /// <summary>Index in the table, as ib_send_bw -x takes it.</summary>
    public required int Index { get; init; }
    /// <summary>The identifier: eight groups of four hexadecimal digits.</summary>
    public required string Gid { get; init; }
    /// <summary>What packets with it look like: IB, RoCE v1 or RoCE v2; null when the kernel does not tell.</summary>
    public required string? Type { get; init; }
    /// <summary>The network interface it belongs to, or null.</summary>
    public required string? NetDevice { get; init; }
    /// <summary>The IPv4 address that it stands for, or null.</summary>
    public required string? IPv4 { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Index}: {IPv4 ?? Gid}{(Type is null ? "" : $" {Type}")}";
}
