using System.Runtime.InteropServices;

namespace VhostUser.Interop.Fabric;

#pragma warning disable CS0649 // filled in by the library

/// <summary>struct fid_nic: the hardware behind a fi_info; its parts may be missing.</summary>
internal unsafe struct fid_nic
{
    public fid fid;
    public fi_device_attr* device_attr;
    public nint bus_attr;
    public fi_link_attr* link_attr;
}

internal struct fi_device_attr
{
    public nint name;
    public nint device_id;
    public nint device_version;
    public nint vendor_id;
    public nint driver;
    public nint firmware;
}

internal struct fi_link_attr
{
    public nint address;
    public nuint mtu;
    public nuint speed;
    public int state;
    public nint network_type;
}

internal static unsafe partial class Fabric
{
    /// <summary>The devices that a provider can drive: their names and path MTU, 0 where it is not told.</summary>
    /// <param name="provider">Name of the provider, such as "verbs".</param>
    /// <param name="endpointType">FI_EP_MSG or FI_EP_RDM.</param>
    /// <param name="address">An address of this host that connections are to come from; null for any.</param>
    /// <exception cref="VhostException">FabricUnavailable.</exception>
    public static IReadOnlyList<(string Device, int Mtu)> ListDevices(string provider, int endpointType, string? address)
    {
        using FabricInfo? info = TryGetInfo(provider, endpointType, address, address is null ? null : "0", address is null ? 0 : FI_SOURCE);
        List<(string, int)> devices = [];
        for (fi_info* entry = info is null ? null : info.First; entry != null; entry = entry->next)
        {
            var nic = (fid_nic*)entry->nic;
            if (nic == null || nic->device_attr == null || Marshal.PtrToStringUTF8(nic->device_attr->name) is not string name) continue;
            devices.Add((name, nic->link_attr == null ? 0 : (int)nic->link_attr->mtu));
        }
        return devices;
    }
}
