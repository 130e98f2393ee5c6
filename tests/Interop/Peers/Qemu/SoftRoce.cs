using System.Text.Json;
using VhostUser.Transport.Inventory;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>Guests with an RDMA device made of software (rdma_rxe), Debian's tools for it, and .NET programs of ours.</summary>
public static class SoftRoce
{
    private const string LibraryFolder = "/usr/lib/x86_64-linux-gnu";

    // rdma makes the device; ip and tc do what busybox's can't; the others are asked, or talk to each other, to compare.
    private static readonly string[] s_programs = ["rdma", "ip", "tc", "ibv_devinfo", "ib_send_bw", "rping"];

    /// <summary>Gets what such a guest boots into.</summary>
    /// <remarks>crc32_generic comes first: rdma_rxe asks for it by its algorithm, so no module names it as needed.</remarks>
    public static GuestImage Image => new()
    {
        Modules = ["virtio_pci", "virtio_net", "dummy", "veth", "sch_netem", "crc32_generic", "ib_core", "ib_uverbs", "rdma_cm", "rdma_ucm", "rdma_rxe"],
        Programs = s_programs,
        Libraries =
        [
            .. Directory.GetFiles($"{LibraryFolder}/libibverbs", "librxe-rdmav*.so"), $"{LibraryFolder}/libfabric.so.1",
            // Loaded by .NET when cryptography is used.
            .. new[] { "libssl.so.3", "libcrypto.so.3" }.Select(name => $"{LibraryFolder}/{name}").Where(File.Exists),
        ],
        Files = [("/etc/libibverbs.d/rxe.driver", "etc/libibverbs.d/rxe.driver")],
        DotNet = true,
        Folders = [(AppContext.BaseDirectory, "app")],
    };

    /// <summary>Gets why no such guest can run here, with the remedy, or null when one can.</summary>
    public static string? WhyImpossible => QemuGuest.WhyImpossible
        ?? (GuestKernel.Find()!.Has("configfs") ? null : "the guests' kernel was unpacked without what rdma_cm needs: ./build.sh peers unpacks it again")
        ?? s_programs.Append("ldd").Select(Programs.WhyMissing).FirstOrDefault(why => why is not null)
        ?? (Directory.Exists($"{LibraryFolder}/libibverbs") ? null : "the drivers of libibverbs are not installed: ./build.sh peers installs them (apt-get install ibverbs-providers)")
        ?? (File.Exists($"{LibraryFolder}/libfabric.so.1") ? null : "libfabric is not installed: ./build.sh peers installs it (apt-get install libfabric1)");

    /// <summary>Boots a guest and makes the device rxe0 in it.</summary>
    /// <param name="address">The address of the interface below it, as "198.18.0.1/24".</param>
    /// <param name="socket">The socket of a server, which becomes the guest's eth0 with the device on it; null for an interface that leads nowhere.</param>
    /// <param name="mac">The address of the guest's network device.</param>
    /// <param name="lifetime">After which time the guest is ended whatever happens.</param>
    public static QemuGuest Start(string address, string? socket = null, string mac = "52:54:00:00:00:01", TimeSpan? lifetime = null)
    {
        QemuGuest guest = QemuGuest.Start(new QemuOptions
        {
            Socket = socket, MacAddress = mac, Image = Image, MemoryMegabytes = 512, Lifetime = lifetime ?? TimeSpan.FromMinutes(5),
        });
        try
        {
            guest.WaitUntilReady(TimeSpan.FromSeconds(120));
            string card = socket is null ? "dummy0" : "eth0";
            guest.Run($"ip link show {card} > /dev/null 2>&1 || ip link add {card} type dummy; ip addr add {address} dev {card}; ip link set {card} up; rdma link add rxe0 type rxe netdev {card}; ulimit -l unlimited");
            return guest;
        }
        catch
        {
            guest.Dispose();
            throw;
        }
    }

    /// <summary>The command line of a .NET program of the tests' output folder in the guest.</summary>
    public static string Command(string program, string arguments = "") => $"TERM=dumb DOTNET_TieredPGO=0 /dotnet/dotnet /app/{program}.dll {arguments}";

    /// <summary>What <see cref="IbInventory"/> reads in the guest.</summary>
    public static IbInventory Inventory(QemuGuest guest) =>
        JsonSerializer.Deserialize<IbInventory>(guest.Run(Command("VhostUser.Tests.InventoryProcess"), TimeSpan.FromSeconds(60)))!;
}
