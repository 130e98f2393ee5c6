using VhostUser.Transport.Inventory;

namespace VhostUser.Arguments;

/// <summary>Completes the names of this machine's RDMA devices.</summary>
public sealed class IbDeviceCompleter : HandleNameCompleter
{
    private protected override IEnumerable<string> Names => IbInventory.Read().Devices.Select(device => device.Name);
}
