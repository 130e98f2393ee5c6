using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Transport.Inventory;

namespace VhostUser.Commands;

/// <summary>What the cmdlets share that show RDMA devices and ports: whose, and what is said when there are none.</summary>
public abstract class IbCmdlet : VhostCmdlet
{
    private protected const string CountersSet = "Counters";

    private IbInventory? _inventory;

    /// <summary>A copy of a machine's files to look at instead of this machine.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Root { get; set; } = "/";

    /// <summary>Writes one row per counter.</summary>
    [Parameter(Mandatory = true, ParameterSetName = CountersSet)]
    public SwitchParameter Counters { get; set; }

    /// <summary>The devices that names or patterns mean; a warning says why a machine has none.</summary>
    private protected IEnumerable<IbDevice> Find(IbDeviceName[] names)
    {
        if (_inventory is null)
        {
            _inventory = IbInventory.Read(UserPath.Resolve(this, Root));
            if (_inventory.WhyEmpty is string why) WriteWarning($"{why} {_inventory.Remedy}");
        }
        foreach (IbDeviceName name in names)
        {
            var pattern = new WildcardPattern(name.Name, WildcardOptions.IgnoreCase);
            IbDevice[] found = [.. _inventory.Devices.Where(device => pattern.IsMatch(device.Name))];
            if (found.Length == 0 && !WildcardPattern.ContainsWildcardCharacters(name.Name)) Guard(() => throw Unknown(name.Name, _inventory.Devices));
            foreach (IbDevice device in found) yield return device;
        }
    }

    private static VhostException Unknown(string name, IbDevice[] devices) => new(VhostError.HandleNotFound,
        $"There is no RDMA device named '{name}'; there {(devices.Length == 0 ? "are none" : "is " + string.Join(", ", devices.Select(device => device.Name)))}.", name,
        "Get-IbDevice lists them.");
}
