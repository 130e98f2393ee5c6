namespace VhostUser.Transport.Inventory;

/// <summary>What libfabric said of this machine's devices, asked once.</summary>
internal sealed class FabricView
{
    private readonly IReadOnlyList<FabricDevice> _devices = [];

    public FabricView(Func<IReadOnlyList<FabricDevice>?> ask)
    {
        try
        {
            if (ask() is not { } devices) return;
            _devices = devices;
            WasAsked = true;
        }
        catch (VhostException error)
        {
            Obstacle = $"{error.Message} {error.RecommendedAction}".TrimEnd();
        }
    }

    /// <summary>Whether libfabric answered.</summary>
    public bool WasAsked { get; }

    /// <summary>Why it could not, with the remedy; null when it could, or was not asked.</summary>
    public string? Obstacle { get; }

    public string[] ProvidersOf(string device) =>
        [.. _devices.Where(candidate => candidate.Device == device).Select(candidate => candidate.Provider).Distinct().Order(StringComparer.Ordinal)];

    public int? MtuOf(string device) => _devices.FirstOrDefault(candidate => candidate.Device == device && candidate.Mtu > 0)?.Mtu;
}
