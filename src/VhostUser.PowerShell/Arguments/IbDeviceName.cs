using System.Management.Automation;
using VhostUser.Transport.Inventory;

namespace VhostUser.Arguments;

/// <summary>An RDMA device: its name, a pattern, or what Get-IbDevice or Get-IbPort wrote, here or on another machine.</summary>
public sealed class IbDeviceName
{
    /// <summary>A device by name or pattern.</summary>
    public IbDeviceName(string name) => Name = name;

    /// <summary>A device.</summary>
    public IbDeviceName(IbDevice device) : this(device?.Name ?? throw new ArgumentNullException(nameof(device))) { }

    /// <summary>The device of a port.</summary>
    public IbDeviceName(IbPort port) : this(port?.Device ?? throw new ArgumentNullException(nameof(port))) { }

    /// <summary>Anything with a property Device or Name.</summary>
    public IbDeviceName(PSObject value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Name = value.Properties["Device"]?.Value as string ?? value.Properties["Name"]?.Value as string ?? value.ToString();
    }

    /// <summary>The name or pattern.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
