using System.Net;
using System.Net.NetworkInformation;
using Binding = VhostUser.Interop.Fabric.Fabric;

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
        ? new IbSources { Files = new FileTree(root), Addresses = AddressesOf, Fabric = AskFabric }
        : new IbSources { Files = new FileTree(root), Addresses = static _ => null, Fabric = static () => null };

    // What links ask: verbs for a connection from an address of this host, efa for an endpoint without connections.
    private static IReadOnlyList<FabricDevice> AskFabric()
    {
        IEnumerable<string?> addresses = NetworkInterface.GetAllNetworkInterfaces().SelectMany(port => port.GetIPProperties().UnicastAddresses)
            .Where(address => !IPAddress.IsLoopback(address.Address) && !address.Address.IsIPv6LinkLocal).Select(address => address.Address.ToString());
        return [.. addresses.SelectMany(address => Ask(LinkProvider.Verbs, Binding.FI_EP_MSG, address)), .. Ask(LinkProvider.Efa, Binding.FI_EP_RDM, null)];
    }

    private static IEnumerable<FabricDevice> Ask(LinkProvider provider, int endpointType, string? address) =>
        from device in Binding.ListDevices(FabricProvider.Of(provider).Name, endpointType, address)
        select new FabricDevice { Provider = FabricProvider.Of(provider).Name, Device = device.Device, Mtu = device.Mtu };

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
