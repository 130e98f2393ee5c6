namespace VhostUser.Rings;

/// <summary>
/// Where the chains of a ring are, for pictures of it. The indices of the other side may be anything, so the shares are cut to what
/// the ring can hold; they never add up to more than its size.
/// </summary>
/// <param name="Size">Descriptors of the ring; 0 while it is stopped.</param>
/// <param name="Available">Made available and not yet taken by the device; only the device's side can tell, else 0.</param>
/// <param name="InFlight">Taken by the device and not returned; for the driver's side all that is with the device.</param>
/// <param name="Used">Returned by the device and not yet taken back; only the driver's side can tell, else 0.</param>
/// <param name="Free">The rest: free descriptors, and for the device's side also those that it has returned.</param>
public readonly record struct VringShares(int Size, int Available, int InFlight, int Used, int Free)
{
    /// <summary>The shares of a photographed ring.</summary>
    public static VringShares Of(VringState ring)
    {
        ArgumentNullException.ThrowIfNull(ring);
        if (!ring.Started || ring.Size == 0) return default;
        bool isDevice = ring.Role == "BackEnd";
        int left = ring.Size;
        int inFlight = Take((ushort)((isDevice ? ring.OwnAvailableIndex : ring.AvailableIndex) - ring.UsedIndex), ref left);
        int available = isDevice ? Take((ushort)(ring.AvailableIndex - ring.OwnAvailableIndex), ref left) : 0;
        int used = isDevice ? 0 : Take((ushort)(ring.UsedIndex - ring.OwnUsedIndex), ref left);
        return new VringShares(ring.Size, available, inFlight, used, left);
    }

    private static int Take(ushort wanted, ref int left)
    {
        int taken = Math.Min(wanted, left);
        left -= taken;
        return taken;
    }
}
