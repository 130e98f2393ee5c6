using VhostUser.Devices.Net;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>What a server tells in its configuration space: only what it was asked to, for a front-end has values of its own.</summary>
public sealed partial class VhostServer
{
    private static ReadOnlyMemory<byte> ConfigOf(VhostServerOptions options)
    {
        if (!options.ConfigSpace.IsEmpty) return options.ConfigSpace;
        return options is { MacAddress: null, Mtu: null, ControlQueue: false } ? default : NetConfig.Create(options.MacAddress, options.QueuePairs, options.Mtu);
    }

    private static VirtioFeatures ConfigFeaturesOf(VhostServerOptions options)
    {
        if (options is { MacAddress: null, Mtu: null, ControlQueue: false }) return 0;
        return VirtioFeatures.Status | VirtioFeatures.SpeedDuplex
            | (options.MacAddress is null ? 0 : VirtioFeatures.Mac)
            | (options.Mtu is null ? 0 : VirtioFeatures.Mtu);
    }

    private static void CheckConfig(VhostServerOptions options)
    {
        if (options.MacAddress is { IsMulticast: true } group)
            throw new VhostException(VhostError.InvalidArgument, $"MacAddress is {group}, which is the address of a group.", options.Name, "Give the address of one station, for example 02:00:00:00:00:01.");
        if (options.Mtu is < NetConfig.SmallestMtu or > NetConfig.LargestMtu)
            throw new VhostException(VhostError.InvalidArgument, $"Mtu is {options.Mtu}; expected {NetConfig.SmallestMtu} to {NetConfig.LargestMtu} bytes.", options.Name, "1500 is usual, 9000 for jumbo frames.");
        if (options is { Mode: ServerMode.Source, Mtu: int mtu } && options.PacketSize > mtu + 14)
            throw new VhostException(VhostError.InvalidArgument, $"PacketSize is {options.PacketSize}; an MTU of {mtu} allows for {mtu + 14} bytes.", options.Name, "Generate smaller packets, or give a larger -Mtu.");
    }
}
