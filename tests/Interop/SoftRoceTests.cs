using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using VhostUser.Tests.Interop.Peers;
using VhostUser.Transport.Inventory;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>Real verbs, in a guest with Soft-RoCE and Debian's rdma-core.</summary>
public sealed class SoftRoceTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(120);

    [SoftRoceFact]
    public void The_inventory_says_what_ibv_devinfo_says()
    {
        using QemuGuest guest = SoftRoce.Start("198.18.0.1/24");
        string told = guest.Run("ibv_devinfo -v -d rxe0");
        string Of(string key) => Regex.Match(told, $@"^\s*{key}:\s*(.*?)\s*$", RegexOptions.Multiline) is { Success: true } match ? match.Groups[1].Value : throw new InvalidOperationException($"no {key} in {told}");

        IbDevice device = Assert.Single(SoftRoce.Inventory(guest).Devices);
        Assert.Equal(("rxe0", "rdma_rxe", "CA"), (device.Name, device.Driver, device.NodeType));
        Assert.Equal(Of("node_guid"), device.NodeGuid);
        Assert.Equal(Of("sys_image_guid"), device.SystemImageGuid);
        IbPort port = Assert.Single(device.Ports);
        Assert.Equal(Of("phys_port_cnt"), $"{device.Ports.Length}");
        Assert.Equal(Of("state"), $"PORT_{port.State.ToString().ToUpperInvariant()} ({(int)port.State})");
        Assert.Equal(Of("phys_state"), $"LINK_UP ({(int)port.PhysicalState})");
        Assert.Equal(Of("active_mtu").Split(' ')[0], $"{port.Mtu}");
        Assert.Equal((Of("port_lid"), Of("sm_lid"), Of("link_layer")), ($"{port.Lid}", $"{port.SubnetManagerLid}", port.LinkLayer));
        Assert.Equal(uint.Parse(Of("port_cap_flags")[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture), port.Capabilities);
        string[] gids = [.. Regex.Matches(told, @"GID\[\s*(\d+)\]:\s*(\S+?)(?:, (.*?))?\s*$", RegexOptions.Multiline)
            .Select(match => $"{match.Groups[1]} {IPAddress.Parse(match.Groups[2].Value)} {match.Groups[3]}")];
        Assert.NotEmpty(gids);
        Assert.Equal(gids, port.Gids.Select(gid => $"{gid.Index} {IPAddress.Parse(gid.Gid)} {gid.Type}"));

        Assert.Equal(["198.18.0.1"], port.Gids.Select(gid => gid.IPv4).OfType<string>());

        Assert.Equal("dummy0", port.NetDevice);
        Assert.Contains("198.18.0.1", port.Addresses);
        Assert.True(port.Providers is ["verbs"], string.Join("; ", port.Obstacles));
        Assert.Empty(port.Obstacles);
        Assert.Contains(port.Counters, counter => counter.Name == "sent_pkts");
    }

    // Short, so that it is run each time; the long ones are in SoftRoceLinkTests.
    [SoftRoceFact]
    public void Two_ends_in_one_guest_exchange_checked_packets_over_verbs()
    {
        using QemuGuest guest = SoftRoce.Start("198.18.0.1/24");
        const string both = "provider=verbs mode=bundle insecure=1 port=18600 packets=3000 max=1500 seconds=100 up=100";
        GuestLink first = GuestLink.Start(guest, "first", $"listen=198.18.0.1 {both}");
        first.WaitForLine("ready", Bound);
        GuestLink second = GuestLink.Start(guest, "second", $"connect=198.18.0.1 {both}");
        Assert.StartsWith("up Verbs Bundle pairs 1", first.WaitForLine("up", Bound));
        Assert.StartsWith("ok sent 3000 received 3000 missing 0", second.WaitForLine("ok", Bound));
        Assert.StartsWith("ok sent 3000 received 3000 missing 0", first.WaitForLine("ok", Bound));
        Assert.True(SentByDevice(guest) > 100, "packets went around the device");
    }

    internal static long SentByDevice(QemuGuest guest) => long.Parse(guest.Run("cat /sys/class/infiniband/rxe0/ports/1/hw_counters/sent_pkts"), CultureInfo.InvariantCulture);
}
