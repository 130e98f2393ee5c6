using System.Globalization;

namespace VhostUser.Transport.Inventory;

/// <summary>Reads what the folder of a port tells, and that of the network interface which belongs to it.</summary>
internal sealed class PortReader(IbSources sources, FabricView fabric, string device, string deviceFolder, string nodeType, string? driver)
{
    private static readonly int[] s_mtus = [4096, 2048, 1024, 512, 256];
    private const int RoceHeaders = 96; // GRH or IP, UDP, BTH and the longest extensions: ib_addr.h, iboe_get_mtu

    private readonly FileTree _files = sources.Files;

    /// <param name="number">The name of its folder: the port's number.</param>
    public IbPort Read(string number)
    {
        string folder = $"{deviceFolder}/ports/{number}";
        int port = int.Parse(number, CultureInfo.InvariantCulture);
        string linkLayer = _files.Text($"{folder}/link_layer") ?? "Unknown";
        string protocol = ProtocolOf(linkLayer);
        IbGid[] gids = Gids(folder, protocol);
        string? netDevice = gids.FirstOrDefault(gid => gid.NetDevice is not null)?.NetDevice ?? NetDeviceOf(port, gids);
        int? netMtu = netDevice is null ? null : (int?)_files.Number($"sys/class/net/{netDevice}/mtu");
        string? rate = _files.Text($"{folder}/rate");
        IbPort read = new()
        {
            Device = device,
            Port = port,
            State = (IbPortState)Leading($"{folder}/state"),
            PhysicalState = (IbPhysicalState)Leading($"{folder}/phys_state"),
            LinkLayer = linkLayer,
            Protocol = protocol,
            Rate = rate,
            Gigabits = double.TryParse(rate?.Split(' ')[0], CultureInfo.InvariantCulture, out double gigabits) ? gigabits : null,
            Mtu = fabric.MtuOf(device) ?? MtuFrom(netMtu, protocol),
            Lid = (int)(_files.Number($"{folder}/lid") ?? 0),
            SubnetManagerLid = (int)(_files.Number($"{folder}/sm_lid") ?? 0),
            LidMaskCount = (int)(_files.Number($"{folder}/lid_mask_count") ?? 0),
            Capabilities = (uint)(_files.Number($"{folder}/cap_mask") ?? 0),
            Gids = gids,
            PartitionKeys = [.. _files.Names($"{folder}/pkeys").Select(key => _files.Text($"{folder}/pkeys/{key}")).OfType<string>().Where(key => key is not "0x0000")],
            NetDevice = netDevice,
            NetDeviceMtu = netMtu,
            Addresses = netDevice is null ? [] : sources.Addresses(netDevice) ?? [],
            Providers = fabric.ProvidersOf(device),
            Counters = [.. Counters(_files, device, port, folder, "counters"), .. Counters(_files, device, port, folder, "hw_counters")],
            Obstacles = [],
            Hints = [],
        };
        PortVerdict verdict = new(sources, fabric);
        return read with { Obstacles = [.. verdict.Obstacles(read)], Hints = [.. verdict.Hints(read)] };
    }

    /// <summary>The counters of a folder; what is no number (some drivers write "N/A") is left out.</summary>
    public static IEnumerable<IbCounter> Counters(FileTree files, string device, int port, string folder, string table) =>
        from name in files.Names($"{folder}/{table}")
        where name != "lifespan" // the time for which the kernel keeps a reading
        let value = files.Number($"{folder}/{table}/{name}")
        where value is not null
        select new IbCounter { Device = device, Port = port, Table = table, Name = name, Value = value.Value, Unit = UnitOf(name) };

    private static string UnitOf(string name) =>
        name is "port_xmit_data" or "port_rcv_data" ? "4 bytes" // PortCounters counts 32-bit words
        : name.EndsWith("_bytes", StringComparison.Ordinal) ? "bytes"
        : name.Contains("packets", StringComparison.Ordinal) || name.EndsWith("pkts", StringComparison.Ordinal) ? "packets"
        : "";

    private string ProtocolOf(string linkLayer) => (driver, linkLayer, nodeType) switch
    {
        ("efa", _, _) => "EFA",
        ("hfi1", _, _) => "OmniPath",
        (_, "Ethernet", "RNIC") => "iWARP",
        (_, "Ethernet", _) => "RoCE",
        _ => "InfiniBand",
    };

    private IbGid[] Gids(string folder, string protocol) =>
    [
        .. from entry in _files.Names($"{folder}/gids")
           let gid = _files.Text($"{folder}/gids/{entry}")
           where gid is not null && gid.AsSpan().IndexOfAnyExcept('0', ':') >= 0
           let type = _files.Text($"{folder}/gid_attrs/types/{entry}")
           select new IbGid
           {
               Index = int.Parse(entry, CultureInfo.InvariantCulture),
               Gid = gid,
               // The kernel has one name for an InfiniBand GID and for RoCE v1, which look the same.
               Type = type == "IB/RoCE v1" ? protocol == "RoCE" ? "RoCE v1" : "IB" : type,
               NetDevice = _files.Text($"{folder}/gid_attrs/ndevs/{entry}"),
               IPv4 = MappedIPv4(gid),
           },
    ];

    // ::ffff:a.b.c.d in the kernel's notation of eight groups.
    private static string? MappedIPv4(string gid)
    {
        if (!gid.StartsWith("0000:0000:0000:0000:0000:ffff:", StringComparison.Ordinal)) return null;
        byte[] bytes = Convert.FromHexString(gid[^9..].Remove(4, 1));
        return string.Join('.', bytes);
    }

    // Where the table of GIDs does not tell: rxe's parent; the interface of the same hardware with this port's number (IPoIB and others);
    // and for iWARP, whose GID is the interface's hardware address, that interface.
    private string? NetDeviceOf(int port, IbGid[] gids)
    {
        if (_files.Text($"{deviceFolder}/parent") is string parent) return parent;
        string[] siblings = _files.Names($"{deviceFolder}/device/net");
        string? sibling = siblings.FirstOrDefault(name => _files.Number($"sys/class/net/{name}/dev_port") == (ulong)(port - 1));
        if (sibling is not null || gids.Length == 0 || nodeType != "RNIC") return sibling;
        string hardware = gids[0].Gid.Replace(":", "", StringComparison.Ordinal)[..12];
        return _files.Names("sys/class/net").FirstOrDefault(name => _files.Text($"sys/class/net/{name}/address")?.Replace(":", "", StringComparison.Ordinal) == hardware);
    }

    private static int? MtuFrom(int? netMtu, string protocol)
    {
        if (netMtu is null || protocol is not ("RoCE" or "iWARP")) return null;
        int room = protocol == "RoCE" ? netMtu.Value - RoceHeaders : netMtu.Value;
        return s_mtus.FirstOrDefault(mtu => mtu <= room, 256);
    }

    // "4: ACTIVE" is 4.
    private int Leading(string path) => int.TryParse(_files.Text(path)?.Split(':')[0], out int number) ? number : 0;
}
