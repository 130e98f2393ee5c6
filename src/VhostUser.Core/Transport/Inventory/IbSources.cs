using System.Net.NetworkInformation;

namespace VhostUser.Transport.Inventory;

/// <summary>What the inventory asks: the kernel's files, the interfaces' addresses, and libfabric.</summary>
internal sealed record IbSources
{
    /// <summary>The machine's files.</summary>
    public required FileTree Files { get; init; }

    /// <summary>The IP addresses of a network interface; null where they can't be known.</summary>
    public required Func<string, string[]?> Addresses { get; init; }

    /// <summary>What libfabric can drive; null where it was not asked.</summary>
    public required Func<IReadOnlyList<FabricDevice>?> Fabric { get; init; }

    /// <summary>This machine, or another one's file tree, of which only the files are known.</summary>
    public static IbSources Of(string root) => root == "/"
        ? new IbSources { Files = new FileTree(root), Addresses = AddressesOf, Fabric = static () => null }
        : new IbSources { Files = new FileTree(root), Addresses = static _ => null, Fabric = static () => null };

    private static string[]? AddressesOf(string device)
    {
        try
        {
            NetworkInterface? found = NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(candidate => candidate.Name == device);
            return found is null ? [] : [.. found.GetIPProperties().UnicastAddresses.Select(address => address.Address.ToString())];
        }
        catch (NetworkInformationException)
        {
            return null;
        }
    }
}
