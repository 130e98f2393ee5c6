using VhostUser.Transport.Inventory;
using Xunit;

namespace VhostUser.Tests.Transport.Inventory;

/// <summary>What is read from trees that have the shapes of real adapters.</summary>
public class InventoryTests
{
    [Fact]
    public void An_InfiniBand_adapter_shows_all_that_ibstat_shows()
    {
        using RecordedTree tree = new("mlx5-infiniband");
        IbDevice device = tree.Read().Devices[0];
        Assert.Equal(("mlx5_0", "CA", "mlx5_core", "20.31.1014", "0", "MT4123"), (device.Name, device.NodeType, device.Driver, device.Firmware, device.HardwareRevision, device.Model));
        Assert.Equal(("MT_0000000223", "0c42:a103:0065:6bbe", "0c42:a103:0065:6bbe", "node07 mlx5_0"), (device.BoardId, device.NodeGuid, device.SystemImageGuid, device.Description));
        Assert.Equal(("0000:41:00.0", "15b3:101b", 1), (device.PciAddress, device.PciId, device.NumaNode));
        Assert.True(device.Usable);
        IbPort port = Assert.Single(device.Ports);
        Assert.Equal(("mlx5_0", 1, IbPortState.Active, IbPhysicalState.LinkUp), (port.Device, port.Port, port.State, port.PhysicalState));
        Assert.Equal(("InfiniBand", "InfiniBand", "200 Gb/sec (4X HDR)", 200.0), (port.LinkLayer, port.Protocol, port.Rate, port.Gigabits));
        Assert.Equal((5, 1, 0, 0xa651e848u, (int?)null), (port.Lid, port.SubnetManagerLid, port.LidMaskCount, port.Capabilities, port.Mtu));
        Assert.Equal(("ib0", 2044), (port.NetDevice, port.NetDeviceMtu));
        IbGid gid = Assert.Single(port.Gids);
        Assert.Equal((0, "fe80:0000:0000:0000:0c42:a103:0065:6bbe", "IB", null, null), (gid.Index, gid.Gid, gid.Type, gid.NetDevice, gid.IPv4));
        Assert.Equal(["0xffff"], port.PartitionKeys);
        Assert.Empty(port.Obstacles);
        Assert.Empty(port.Hints);
    }

    [Fact]
    public void Counters_come_from_both_tables_with_their_units()
    {
        using RecordedTree tree = new("mlx5-infiniband");
        IbCounter[] counters = tree.Read().Devices[0].Counters;
        Assert.Equal(21 + 9, counters.Length); // without lifespan
        IbCounter Of(string name) => Assert.Single(counters, counter => counter.Name == name);
        Assert.Equal((1099511627776ul, "4 bytes", "counters", 1), (Of("port_rcv_data").Value, Of("port_rcv_data").Unit, Of("port_rcv_data").Table, Of("port_rcv_data").Port));
        Assert.Equal((4294967399ul, "packets"), (Of("port_rcv_packets").Value, Of("port_rcv_packets").Unit));
        Assert.Equal((12ul, "", "hw_counters"), (Of("out_of_buffer").Value, Of("out_of_buffer").Unit, Of("out_of_buffer").Table));
    }

    [Fact]
    public void A_RoCE_port_has_GIDs_of_both_versions_and_the_MTU_of_its_interface()
    {
        using RecordedTree tree = new("mlx5-roce");
        IbPort port = Assert.Single(tree.Read().Devices[0].Ports);
        Assert.Equal(("Ethernet", "RoCE", 100.0, 4096, 0), (port.LinkLayer, port.Protocol, port.Gigabits, port.Mtu, port.Lid));
        Assert.Equal(["RoCE v1", "RoCE v2", "RoCE v1", "RoCE v2"], port.Gids.Select(gid => gid.Type));
        Assert.Equal([null, null, "192.0.2.10", "192.0.2.10"], port.Gids.Select(gid => gid.IPv4));
        Assert.All(port.Gids, gid => Assert.Equal("enp94s0f0np0", gid.NetDevice));
        Assert.Equal(("enp94s0f0np0", 9000), (port.NetDevice, port.NetDeviceMtu));
        Assert.Empty(port.Obstacles);
        Assert.Equal("3: 192.0.2.10 RoCE v2", port.Gids[3].ToString());
    }

    [Fact]
    public void Software_devices_name_the_interface_they_sit_on()
    {
        using RecordedTree rxe = new("rxe"), siw = new("siw");
        IbDevice soft = Assert.Single(rxe.Read().Devices);
        Assert.Equal(("rdma_rxe", null, null, null, "eth0"), (soft.Driver, soft.Firmware, soft.PciAddress, soft.NumaNode, soft.Ports[0].NetDevice));
        Assert.Equal(("RoCE", 1024, 2.5), (soft.Ports[0].Protocol, soft.Ports[0].Mtu, soft.Ports[0].Gigabits));
        Assert.Equal("198.18.0.1", soft.Ports[0].Gids[1].IPv4);
        IbDevice iwarp = Assert.Single(siw.Read().Devices);
        Assert.Equal(("siw", "RNIC", "iWARP", "eth1"), (iwarp.Driver, iwarp.NodeType, iwarp.Ports[0].Protocol, iwarp.Ports[0].NetDevice));
    }

    [Theory]
    [InlineData("irdma", "rocep24s0f0", "ice", "RNIC", "iWARP", "ens1f0", 4096, "8086:1592")]
    [InlineData("bnxt_re", "bnxt_re0", "bnxt_en", "CA", "RoCE", "eno1np0", 1024, "14e4:1750")]
    [InlineData("efa", "rdmap0s6", "efa", "unspecified", "EFA", null, null, "1d0f:efa1")]
    [InlineData("hfi1", "hfi1_0", "hfi1", "CA", "OmniPath", null, null, "8086:24f0")]
    public void Each_maker_is_understood(string name, string device, string driver, string nodeType, string protocol, string? netDevice, int? mtu, string pci)
    {
        using RecordedTree tree = new(name);
        IbDevice read = Assert.Single(tree.Read().Devices);
        Assert.Equal((device, driver, nodeType, pci), (read.Name, read.Driver, read.NodeType, read.PciId));
        IbPort port = Assert.Single(read.Ports);
        Assert.Equal((protocol, netDevice, mtu), (port.Protocol, port.NetDevice, port.Mtu));
        Assert.NotEmpty(port.Gids);
        Assert.NotEmpty(port.Counters);
    }

    [Fact]
    public void What_is_no_number_is_no_counter_and_device_counters_belong_to_port_0()
    {
        using RecordedTree hfi1 = new("hfi1"), efa = new("efa");
        Assert.DoesNotContain(hfi1.Read().Devices[0].Counters, counter => counter.Name == "UncorrectableErr");
        IbCounter[] counters = efa.Read().Devices[0].Counters;
        Assert.Equal(0, Assert.Single(counters, counter => counter.Name == "reg_mr_err").Port);
        Assert.Equal((1, "bytes"), counters.Where(counter => counter.Name == "tx_bytes").Select(counter => (counter.Port, counter.Unit)).Single());
    }

    [Fact]
    public void Providers_and_MTU_come_from_libfabric_when_it_is_there()
    {
        using RecordedTree tree = new("mlx5-infiniband");
        IbDevice[] devices = tree.Read(fabric: () =>
        [
            new FabricDevice { Provider = "verbs", Device = "mlx5_0", Mtu = 4096 }, new FabricDevice { Provider = "verbs", Device = "mlx5_0", Mtu = 4096 },
            new FabricDevice { Provider = "psm3", Device = "mlx5_0", Mtu = 0 },
        ]).Devices;
        Assert.Equal(["psm3", "verbs"], devices[0].Providers);
        Assert.Equal((4096, null), (devices[0].Ports[0].Mtu, devices[1].Ports[0].Mtu));
        Assert.Empty(devices[1].Providers);
    }
}
