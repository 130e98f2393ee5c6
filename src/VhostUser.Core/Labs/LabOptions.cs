using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;

namespace VhostUser.Labs;

/// <summary>The options with which an item of a lab is made; what the file does not give has the default of its cmdlet.</summary>
public static class LabOptions
{
    /// <summary>A region's.</summary>
    /// <param name="item">The region.</param>
    /// <param name="path">Makes a path of the file absolute.</param>
    public static SharedRegionOptions OfRegion(LabItem item, Func<string, string> path)
    {
        RegionBacking backing = item.Get("Backing", RegionBacking.Memfd);
        string? given = item.Get<string?>("Path", null);
        return new SharedRegionOptions
        {
            Name = item.Name,
            Size = item.Get("Size", default(LabSize)).Bytes,
            Backing = backing,
            HugePageSize = item.Get("HugePage", default(LabSize)).Bytes,
            Path = given is not null && backing == RegionBacking.File ? path(given) : given,
            GuestAddress = item.Settings.TryGetValue("GuestAddress", out object? guest) ? (ulong)guest : null,
            UserAddress = item.Settings.TryGetValue("UserAddress", out object? user) ? (ulong)user : null,
        };
    }

    /// <summary>A server's.</summary>
    /// <param name="item">The server.</param>
    /// <param name="path">Makes a path of the file absolute.</param>
    public static VhostServerOptions OfServer(LabItem item, Func<string, string> path)
    {
        var usual = new VhostServerOptions { Name = item.Name, Path = path(item.Get("Path", "")) };
        return usual with
        {
            Connect = item.IsSet("Connect"),
            Mode = item.Get("Mode", item.Settings.ContainsKey("Tap") ? ServerMode.Tap : usual.Mode),
            PacketSize = (int)item.Get("PacketSize", (long)usual.PacketSize),
            Rate = item.Get("Rate", usual.Rate),
            Tap = item.Get("Tap", usual.Tap),
            QueuePairs = (int)item.Get("QueuePairs", (long)usual.QueuePairs),
            Poll = item.IsSet("Poll"),
            Core = Whole(item, "Core"),
            Force = item.IsSet("Force"),
            MacAddress = item.Settings.TryGetValue("MacAddress", out object? mac) ? (MacAddress)mac : null,
            Mtu = Whole(item, "Mtu"),
            ControlQueue = item.IsSet("ControlQueue"),
            OfferFeatures = item.Get("Feature", VirtioFeatures.None),
            ExcludeFeatures = item.Get("ExcludeFeature", VirtioFeatures.None),
            OfferProtocolFeatures = item.Get<ProtocolFeatures>("ProtocolFeature", 0),
            ExcludeProtocolFeatures = item.Get<ProtocolFeatures>("ExcludeProtocolFeature", 0),
            Dialect = item.Get("Dialect", usual.Dialect),
            Profile = item.Get("PeerProfile", usual.Profile),
        };
    }

    /// <summary>A client's.</summary>
    /// <param name="item">The client.</param>
    /// <param name="lab">The lab, for the path of its server.</param>
    /// <param name="regions">Its regions.</param>
    /// <param name="path">Makes a path of the file absolute.</param>
    public static VhostClientOptions OfClient(LabItem item, Lab lab, IReadOnlyList<SharedRegion> regions, Func<string, string> path)
    {
        ArgumentNullException.ThrowIfNull(lab);
        LabItem? server = lab.Find(LabItemKind.Server, item.Get("Server", ""));
        var usual = new VhostClientOptions { Name = item.Name, Regions = regions, Path = path(server?.Get("Path", "") ?? item.Get("Path", "")) };
        return usual with
        {
            QueueSize = (int)item.Get("QueueSize", (long)usual.QueueSize),
            QueuePairs = (int)item.Get("QueuePairs", (long)usual.QueuePairs),
            BufferSize = (int)Math.Min(item.Get("BufferSize", new LabSize(usual.BufferSize)).Bytes, int.MaxValue),
            Timeout = item.Get("Timeout", usual.Timeout),
            Retry = item.IsSet("Retry"),
            Reconnect = item.IsSet("Reconnect"),
            Listen = item.IsSet("Listen"),
            Force = item.IsSet("Force"),
            Device = item.Get("Device", usual.Device),
            RingCount = (int)item.Get("RingCount", (long)usual.RingCount),
            RequireFeatures = item.Get("Feature", VirtioFeatures.None),
            ExcludeFeatures = item.Get("ExcludeFeature", VirtioFeatures.None),
            RequireProtocolFeatures = item.Get<ProtocolFeatures>("ProtocolFeature", 0),
            ExcludeProtocolFeatures = item.Get<ProtocolFeatures>("ExcludeProtocolFeature", 0),
            Dialect = item.Get("Dialect", usual.Dialect),
            Profile = item.Get("PeerProfile", usual.Profile),
        };
    }

    /// <summary>A bridge's.</summary>
    public static VhostBridgeOptions OfBridge(LabItem item)
    {
        var usual = new VhostBridgeOptions { Name = item.Name };
        return usual with { AgeingTime = item.Get("AgeingTime", usual.AgeingTime), Core = Whole(item, "Core") };
    }

    /// <summary>Those of a port of a bridge.</summary>
    public static VhostBridgePortOptions OfPort(LabItem bridge, string port) => new()
    {
        AccessVlan = (int)OfPort(bridge, "AccessVlan", port, 0L),
        Trunk = OfPort(bridge, "Trunk", port, Array.Empty<int>()),
        Group = (int)OfPort(bridge, "Group", port, 0L),
    };

    private static T OfPort<T>(LabItem bridge, string key, string port, T otherwise) =>
        bridge.Settings.GetValueOrDefault(key) is SortedDictionary<string, object> table && table.TryGetValue(port, out object? value) ? (T)value : otherwise;

    private static int? Whole(LabItem item, string key) => item.Settings.TryGetValue(key, out object? value) ? (int)(long)value : null;
}
