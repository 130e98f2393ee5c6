using VhostUser.Commands;
using VhostUser.Tests.Transport.Inventory;
using VhostUser.Transport.Inventory;
using Xunit;

namespace VhostUser.Tests.Commands;

/// <summary>Get-IbDevice and Get-IbPort on recorded trees.</summary>
public class IbDeviceCommandTests
{
    [Fact]
    public void Devices_are_found_by_name_and_pattern()
    {
        using RecordedTree tree = new("mlx5-infiniband");
        Assert.Equal(["mlx5_0", "mlx5_1"], new CmdletRunner<GetIbDeviceCommand>().With(new { tree.Root }).Run().Output.Cast<IbDevice>().Select(device => device.Name));
        Assert.Equal("mlx5_1", new CmdletRunner<GetIbDeviceCommand>().With(new { tree.Root, Name = new[] { "*_1" } }).Run().Single<IbDevice>().Name);
        CmdletResult unknown = new CmdletRunner<GetIbDeviceCommand>().With(new { tree.Root, Name = new[] { "mlx4_0" } }).Run();
        Assert.Equal(["HandleNotFound"], unknown.ErrorIds);
        Assert.Contains("there is mlx5_0, mlx5_1", unknown.Errors[0].Exception.Message);
    }

    [Fact]
    public void Ports_are_found_by_device_and_number()
    {
        using RecordedTree tree = new("mlx5-infiniband");
        Assert.Equal(["mlx5_0", "mlx5_1"], new CmdletRunner<GetIbPortCommand>().With(new { tree.Root }).Run().Output.Cast<IbPort>().Select(port => port.Device));
        Assert.Empty(new CmdletRunner<GetIbPortCommand>().With(new { tree.Root, Port = new[] { 2 } }).Run().Output);
        IbDevice device = IbInventory.Read(tree.Root).Devices[1];
        Assert.Equal(("mlx5_1", 1), new CmdletRunner<GetIbPortCommand>().With(new { tree.Root }).RunOver(device).Output.Cast<IbPort>().Select(port => (port.Device, port.Port)).Single());
    }

    [Fact]
    public void Counters_are_rows()
    {
        using RecordedTree tree = new("efa");
        Assert.Contains("keep_alive_rcvd", new CmdletRunner<GetIbDeviceCommand>().With(new { tree.Root, Counters = true }).Run().Output.Cast<IbCounter>().Select(counter => counter.Name));
        IbCounter[] ofPort = [.. new CmdletRunner<GetIbPortCommand>().With(new { tree.Root, Counters = true }).Run().Output.Cast<IbCounter>()];
        Assert.All(ofPort, counter => Assert.Equal(1, counter.Port));
        Assert.Equal(20ul, ofPort.Single(counter => counter.Name == "rx_pkts").Value);
    }

    [Fact]
    public void A_machine_without_devices_writes_nothing_and_a_reason()
    {
        using RecordedTree tree = new("laptop");
        CmdletResult result = new CmdletRunner<GetIbDeviceCommand>().With(new { tree.Root }).Run();
        Assert.Empty(result.Output);
        Assert.Empty(result.Errors);
        Assert.Contains("modprobe rdma_rxe", Assert.Single(result.Warnings));
    }
}
