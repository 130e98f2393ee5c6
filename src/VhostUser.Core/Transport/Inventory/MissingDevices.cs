namespace VhostUser.Transport.Inventory;

/// <summary>Why a machine has no RDMA device, as far as its files tell, and what would give it one.</summary>
internal static class MissingDevices
{
    private const string WithoutRdma = "Links between hosts need none: New-IbTransport -Provider Tcp.";

    // Drivers of the hardware, and the module that makes an RDMA device of it.
    private static readonly (string Driver, string Module)[] s_modules =
    [
        ("mlx5_core", "mlx5_ib"), ("mlx4_core", "mlx4_ib"), ("bnxt_en", "bnxt_re"), ("ice", "irdma"), ("i40e", "irdma"),
        ("cxgb4", "iw_cxgb4"), ("qede", "qedr"), ("hns3", "hns_roce_hw_v2"), ("ionic", "ionic_rdma"), ("mana", "mana_ib"),
    ];

    // Hardware that has no other use: PCI vendor and devices, and its driver.
    private static readonly (ulong Vendor, ulong[] Devices, string Module)[] s_adapters =
        [(0x1d0f, [0xefa0, 0xefa1, 0xefa2, 0xefa3], "efa"), (0x8086, [0x24f0, 0x24f1], "hfi1")];

    public static (string Why, string Remedy) Explain(FileTree files)
    {
        foreach (string address in files.Names("sys/bus/pci/devices"))
        {
            if (ModuleFor(files, address) is string module && !files.Exists($"sys/module/{module}"))
                return ($"The hardware at PCI address {address} could do RDMA, but the module {module} is not loaded.", $"modprobe {module}");
        }
        string release = files.Text("proc/sys/kernel/osrelease") ?? "unknown";
        if (files.Exists("sys/module/rdma_rxe") || HasModule(files, release, "rdma_rxe"))
        {
            string card = files.Names("sys/class/net").FirstOrDefault(name => name != "lo" && files.Text($"sys/class/net/{name}/operstate") == "up") ?? "eth0";
            return ("This machine has no RDMA device.",
                $"Its kernel can make one of an Ethernet interface (Soft-RoCE), as root: modprobe rdma_rxe; rdma link add rxe0 type rxe netdev {card}. {WithoutRdma}");
        }
        return ($"This machine has no RDMA device, and its kernel ({release}) has no Soft-RoCE (rdma_rxe) either.",
            $"A distribution's generic kernel has it, one for clouds may not. {WithoutRdma}");
    }

    private static string? ModuleFor(FileTree files, string address)
    {
        string folder = $"sys/bus/pci/devices/{address}";
        string? driver = files.Value($"{folder}/uevent", "DRIVER");
        if (driver is not null) return s_modules.FirstOrDefault(known => known.Driver == driver).Module;
        ulong? vendor = files.Number($"{folder}/vendor"), device = files.Number($"{folder}/device");
        return s_adapters.FirstOrDefault(known => known.Vendor == vendor && device is ulong number && known.Devices.Contains(number)).Module;
    }

    private static bool HasModule(FileTree files, string release, string module) =>
        files.Text($"lib/modules/{release}/modules.dep")?.Contains($"/{module}.ko", StringComparison.Ordinal) == true;
}
