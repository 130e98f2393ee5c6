using System.Globalization;

namespace VhostUser.Transport.Inventory;

/// <summary>Says in words what keeps links from using a port, or makes them slow, and what to do.</summary>
internal sealed class PortVerdict(IbSources sources, FabricView fabric)
{
    private const ulong FewPages = 8 << 20;      // what a link's own frames need, with room
    private const ulong ManyPages = 1UL << 30;
    private const int CapIpcLock = 14;           // linux/capability.h

    private readonly FileTree _files = sources.Files;

    public IEnumerable<string> Obstacles(IbPort port)
    {
        List<string> found = [.. StateObstacles(port), .. NetDeviceObstacles(port), .. ModuleObstacles(port)];
        if (LockedMemory() is ulong limit && limit < FewPages)
            found.Add($"This process may lock {limit >> 10} KiB of memory only, and a link's buffers must be locked: ulimit -l unlimited, or LimitMEMLOCK=infinity in its service.");
        if (fabric.Obstacle is not null) found.Add(fabric.Obstacle);
        // What libfabric does not list because of one of the others needs no line of its own.
        if (found.Count == 0 && fabric.WasAsked && port.Providers.Length == 0)
            found.Add($"No provider of libfabric drives {port.Device}: fi_info -d {port.Device} shows what libfabric sees.");
        return found;
    }

    public IEnumerable<string> Hints(IbPort port)
    {
        if (port is { Protocol: "RoCE", Mtu: < 4096, NetDevice: not null })
            yield return $"The path MTU is {port.Mtu} bytes, since {port.NetDevice}'s MTU is {port.NetDeviceMtu}; 4200 or more makes it 4096: ip link set {port.NetDevice} mtu 9000, at both ends and in the switches between them.";
        if (LockedMemory() is >= FewPages and < ManyPages and ulong limit)
            yield return $"This process may lock {limit >> 20} MiB of memory; direct links lock their guests' memory: ulimit -l unlimited.";
    }

    private static IEnumerable<string> StateObstacles(IbPort port)
    {
        string? why = (port.State, port.PhysicalState) switch
        {
            (IbPortState.Active or IbPortState.ActiveDefer, _) => null,
            (IbPortState.Init or IbPortState.Armed, _) => "no subnet manager has set it up: start opensm on a host of the fabric, or the switch's own",
            (_, IbPhysicalState.Disabled) when port.NetDevice is not null => $"switched off: ip link set {port.NetDevice} up",
            (_, IbPhysicalState.Disabled) => "switched off: ibportstate enables it",
            (_, IbPhysicalState.Polling) => "no other end answers: look at the cable and at the far port",
            _ => "look at the cable, the far port and the kernel's log",
        };
        if (why is not null) yield return $"The port is {port.State}, physically {port.PhysicalState}: {why}.";
    }

    // librdmacm finds a port by the IP address of its interface; EFA has no such connections.
    private IEnumerable<string> NetDeviceObstacles(IbPort port)
    {
        if (port.Protocol == "EFA") yield break;
        if (port.NetDevice is not string name)
        {
            yield return port.LinkLayer == "Ethernet"
                ? "No network interface belongs to the port, and connections are made by its IP address: look whether it is in another network namespace."
                : "No IPoIB interface belongs to the port, and connections are made by its IP address: modprobe ib_ipoib.";
            yield break;
        }
        if ((_files.Number($"sys/class/net/{name}/flags") & 1) == 0) // IFF_UP
            yield return $"{name} is switched off: ip link set {name} up.";
        if (sources.Addresses(name) is { } addresses && addresses.All(address => address.StartsWith("fe80:", StringComparison.Ordinal)))
            yield return $"{name} has no IP address, and connections are made by it: ip addr add 192.0.2.1/24 dev {name}, with an address of your own.";
    }

    private IEnumerable<string> ModuleObstacles(IbPort port)
    {
        string? verbs = _files.Names("sys/class/infiniband_verbs").FirstOrDefault(name => _files.Text($"sys/class/infiniband_verbs/{name}/ibdev") == port.Device);
        if (verbs is null) yield return "Programs can't open the device: modprobe ib_uverbs.";
        else if (_files.IsLive && WhyClosed($"/dev/infiniband/{verbs}") is string closed) yield return closed;
        if (port.Protocol != "EFA" && !_files.Exists("sys/class/misc/rdma_cm")) yield return "Programs can't make connections: modprobe rdma_ucm.";
        if (_files.IsLive && _files.Names("etc/libibverbs.d").Length == 0)
            yield return "The drivers of libibverbs are missing: apt-get install ibverbs-providers (Debian, Ubuntu), dnf install libibverbs (Fedora).";
    }

    private static string? WhyClosed(string file)
    {
        try
        {
            using var opened = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            return null;
        }
        catch (FileNotFoundException)
        {
            return $"There is no {file}: udev makes it, and a container must be given it (--device /dev/infiniband).";
        }
        catch (DirectoryNotFoundException)
        {
            return $"There is no {file}: udev makes it, and a container must be given it (--device /dev/infiniband).";
        }
        catch (UnauthorizedAccessException)
        {
            return $"{file} may not be opened by this user: join the group rdma, or run as root.";
        }
        catch (IOException error)
        {
            return $"{file} can't be opened: {error.Message}";
        }
    }

    /// <summary>How much memory this process may lock, in bytes; null when that is unlimited or unknown.</summary>
    private ulong? LockedMemory()
    {
        string? capabilities = Line("proc/self/status", "CapEff:");
        if (ulong.TryParse(capabilities, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong held) && (held >> CapIpcLock & 1) == 1) return null;
        string? soft = Line("proc/self/limits", "Max locked memory")?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return ulong.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out ulong limit) ? limit : null;
    }

    private string? Line(string file, string start) =>
        _files.Text(file)?.Split('\n').FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal))?[start.Length..].Trim();
}
