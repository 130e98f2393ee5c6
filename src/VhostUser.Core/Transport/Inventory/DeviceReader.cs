namespace VhostUser.Transport.Inventory;

/// <summary>Reads what /sys/class/infiniband tells of a device (Documentation/ABI/stable/sysfs-class-infiniband).</summary>
internal sealed class DeviceReader(IbSources sources)
{
    private readonly FileTree _files = sources.Files;
    private readonly FabricView _fabric = new(sources.Fabric);

    /// <param name="name">Its name.</param>
    /// <param name="folder">Its folder.</param>
    public IbDevice Read(string name, string folder)
    {
        string nodeType = AfterColon(_files.Text($"{folder}/node_type")) ?? "unspecified";
        string? driver = DriverOf(folder, nodeType);
        PortReader reader = new(sources, _fabric, name, folder, nodeType, driver);
        IbPort[] ports = [.. _files.Names($"{folder}/ports").Where(port => int.TryParse(port, out _)).Select(reader.Read)];
        return new IbDevice
        {
            Name = name,
            NodeType = nodeType,
            Driver = driver,
            Firmware = _files.Text($"{folder}/fw_ver"),
            HardwareRevision = _files.Text($"{folder}/hw_rev"),
            Model = _files.Text($"{folder}/hca_type"),
            BoardId = _files.Text($"{folder}/board_id"),
            NodeGuid = _files.Text($"{folder}/node_guid") ?? "",
            SystemImageGuid = _files.Text($"{folder}/sys_image_guid"),
            Description = _files.Text($"{folder}/node_desc"),
            PciAddress = _files.Value($"{folder}/device/uevent", "PCI_SLOT_NAME"),
            PciId = PciId(folder),
            NumaNode = int.TryParse(_files.Text($"{folder}/device/numa_node"), out int node) && node >= 0 ? node : null,
            Providers = _fabric.ProvidersOf(name),
            Ports = ports,
            Counters = [.. PortReader.Counters(_files, name, 0, folder, "hw_counters"), .. ports.SelectMany(port => port.Counters)],
        };
    }

    /// <summary>"1: CA" is CA.</summary>
    public static string? AfterColon(string? text) => text?[(text.IndexOf(':') + 1)..].Trim();

    // A device of software has the network interface's hardware for a parent, if anything: rxe tells by its file "parent".
    private string? DriverOf(string folder, string nodeType) =>
        _files.Exists($"{folder}/parent") ? "rdma_rxe"
        : _files.Value($"{folder}/device/uevent", "DRIVER") ?? (nodeType == "RNIC" ? "siw" : null);

    private string? PciId(string folder) =>
        _files.Number($"{folder}/device/vendor") is ulong vendor && _files.Number($"{folder}/device/device") is ulong device ? $"{vendor:x4}:{device:x4}" : null;
}
