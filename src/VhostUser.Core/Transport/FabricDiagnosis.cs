using System.Net.NetworkInformation;

namespace VhostUser.Transport;

/// <summary>Why a provider of libfabric offers nothing, from what the system shows, and what to do about it.</summary>
internal static class FabricDiagnosis
{
    private const string Devices = "/sys/class/infiniband";
    private const string Verbs = "/sys/class/infiniband_verbs";
    private const string ConnectionManager = "/sys/class/misc/rdma_cm";

    /// <summary>Whether there may be any use in asking for RDMA devices.</summary>
    public static bool HasDevices => Directory.Exists(Devices) && Directory.EnumerateFileSystemEntries(Devices).Any();

    public static VhostException Explain(FabricProvider provider, string? address)
    {
        (string why, string action) = provider.Provider is LinkProvider.Verbs or LinkProvider.Efa ? ExplainRdma(provider, address) : provider.Provider == LinkProvider.Shm
            ? ("it offers nothing", "Look whether /dev/shm is mounted and may be written.")
            : ($"it offers nothing for address {address}", "Give an address of an interface that is up: ip -brief address.");
        return new VhostException(VhostError.FabricFailed, $"Provider {provider.Name} can't be used: {why}.", provider.Name, action);
    }

    private static (string Why, string Action) ExplainRdma(FabricProvider provider, string? address)
    {
        if (!HasDevices)
            return ("this machine has no RDMA device", "Load its driver's module, or Soft-RoCE: modprobe rdma_rxe; rdma link add rxe0 type rxe netdev eth0. Or take -Provider Tcp, which needs none.");
        if (!Directory.Exists(Verbs)) return ("the module ib_uverbs is not loaded", "modprobe ib_uverbs");
        if (provider.Provider == LinkProvider.Verbs && !Directory.Exists(ConnectionManager)) return ("the module rdma_ucm is not loaded", "modprobe rdma_ucm");
        bool local = address is not null && NetworkInterface.GetAllNetworkInterfaces().Any(port => port.GetIPProperties().UnicastAddresses.Any(own => own.Address.ToString() == address));
        return ($"no RDMA port is reached by address {address}", local
            ? $"Give {address} to the network interface of the RDMA port (Get-IbPort shows it), or use the address that is there."
            : "The RDMA port's network interface needs an address: ip address add 192.0.2.1/24 dev ib0. Locked memory must be allowed, too: ulimit -l unlimited.");
    }
}
