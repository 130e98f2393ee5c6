using VhostUser.Transport.Inventory;
using Xunit;

namespace VhostUser.Tests.Transport.Inventory;

/// <summary>What is said to be in the way of links, and what to do about it.</summary>
public class ObstacleTests
{
    [Fact]
    public void A_port_that_is_switched_off_says_so()
    {
        using RecordedTree tree = new("mlx5-infiniband");
        IbDevice device = tree.Read().Devices[1];
        Assert.False(device.Usable);
        Assert.Equal(["The port is Down, physically Disabled: switched off: ibportstate enables it.",
            "No IPoIB interface belongs to the port, and connections are made by its IP address: modprobe ib_ipoib."], device.Ports[0].Obstacles);
    }

    [Theory]
    [InlineData("1: DOWN", "2: Polling", "no other end answers")]
    [InlineData("2: INIT", "5: LinkUp", "start opensm")]
    [InlineData("3: ARMED", "5: LinkUp", "start opensm")]
    [InlineData("1: DOWN", "4: PortConfigurationTraining", "look at the cable")]
    public void Each_state_has_its_remedy(string state, string physical, string remedy)
    {
        using RecordedTree tree = new("mlx5-infiniband");
        tree.Write("sys/class/infiniband/mlx5_0/ports/1/state", state);
        tree.Write("sys/class/infiniband/mlx5_0/ports/1/phys_state", physical);
        Assert.Contains(remedy, Assert.Single(tree.Read().Devices[0].Ports[0].Obstacles));
    }

    [Fact]
    public void An_interface_that_is_off_or_without_address_is_named()
    {
        using RecordedTree tree = new("siw");
        string[] obstacles = tree.Read(static _ => ["fe80::5054:ff:fe00:2"]).Devices[0].Ports[0].Obstacles;
        Assert.Equal("The port is Down, physically Disabled: switched off: ip link set eth1 up.", obstacles[0]);
        Assert.Equal("eth1 is switched off: ip link set eth1 up.", obstacles[1]);
        Assert.Contains("ip addr add 192.0.2.1/24 dev eth1", obstacles[2]);
        Assert.Equal("Programs can't open the device: modprobe ib_uverbs.", obstacles[3]);
    }

    [Fact]
    public void Memory_that_may_not_be_locked_and_a_missing_module_are_obstacles()
    {
        using RecordedTree tree = new("bnxt_re");
        IbPort port = tree.Read().Devices[0].Ports[0];
        Assert.Contains(port.Obstacles, text => text.Contains("64 KiB", StringComparison.Ordinal) && text.Contains("ulimit -l unlimited", StringComparison.Ordinal));
        Assert.Contains("Programs can't make connections: modprobe rdma_ucm.", port.Obstacles);
        Assert.Contains("4200 or more makes it 4096: ip link set eno1np0 mtu 9000", Assert.Single(port.Hints));

        tree.Write("proc/self/limits", "Max locked memory         8388608              8388608              bytes");
        IbPort roomier = tree.Read().Devices[0].Ports[0];
        Assert.DoesNotContain(roomier.Obstacles, text => text.Contains("ulimit", StringComparison.Ordinal));
        Assert.Contains(roomier.Hints, text => text.Contains("8 MiB", StringComparison.Ordinal));

        tree.Write("proc/self/status", "CapEff:\t0000000000004000"); // CAP_IPC_LOCK: no limit holds
        Assert.DoesNotContain(tree.Read().Devices[0].Ports[0].Hints, text => text.Contains("ulimit", StringComparison.Ordinal));
    }

    [Fact]
    public void EFA_needs_no_interface_and_no_kernel_connections()
    {
        using RecordedTree tree = new("efa");
        Assert.Empty(tree.Read().Devices[0].Ports[0].Obstacles);
    }

    [Fact]
    public void Omni_Path_without_manager_and_IPoIB_has_both_obstacles()
    {
        using RecordedTree tree = new("hfi1");
        string[] obstacles = tree.Read().Devices[0].Ports[0].Obstacles;
        Assert.Contains("start opensm", obstacles[0]);
        Assert.Contains("modprobe ib_ipoib", obstacles[1]);
        Assert.Equal(2, obstacles.Length);
    }

    [Fact]
    public void Libfabric_missing_or_blind_is_an_obstacle()
    {
        using RecordedTree tree = new("rxe");
        IbPort without = tree.Read(fabric: static () => throw new VhostException(VhostError.PlatformNotSupported, "libfabric.so.1 is missing.", null, "apt-get install libfabric1")).Devices[0].Ports[0];
        Assert.Equal(["libfabric.so.1 is missing. apt-get install libfabric1"], without.Obstacles);
        Assert.Contains("No provider of libfabric drives rxe0", Assert.Single(tree.Read(fabric: static () => []).Devices[0].Ports[0].Obstacles));
    }

    [Theory]
    [InlineData("mlx5-unloaded", "0000:5e:00.0", "modprobe mlx5_ib")]
    [InlineData("efa-unloaded", "0000:00:06.0", "modprobe efa")]
    [InlineData("laptop", "no RDMA device", "modprobe rdma_rxe; rdma link add rxe0 type rxe netdev wlan0")]
    [InlineData("cloud", "6.18.0-cloud", "New-IbTransport -Provider Tcp")]
    public void A_machine_without_devices_says_why_and_what_to_do(string name, string why, string remedy)
    {
        using RecordedTree tree = new(name);
        IbInventory read = tree.Read();
        Assert.Empty(read.Devices);
        Assert.Contains(why, read.WhyEmpty);
        Assert.Contains(remedy, read.Remedy);
    }

    [Fact]
    public void This_machine_can_be_read_whatever_it_has()
    {
        IbInventory here = IbInventory.Read();
        Assert.Equal(here.Devices.Length == 0, here.WhyEmpty is not null);
        Assert.Equal(Directory.Exists("/sys/class/infiniband") ? Directory.GetFileSystemEntries("/sys/class/infiniband").Length : 0, here.Devices.Length);
    }
}
