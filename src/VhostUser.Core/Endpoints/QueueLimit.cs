namespace VhostUser.Endpoints;

/// <summary>
/// How many rings vhost-user can have: SET_VRING_KICK, SET_VRING_CALL and SET_VRING_ERR carry 8 bits of ring index. That is fewer than
/// the 32768 queue pairs of a virtio network device.
/// </summary>
internal static class QueueLimit
{
    public const int Rings = 256;
    public const int Pairs = Rings / 2;

    /// <exception cref="VhostException">InvalidArgument.</exception>
    public static void CheckPairs(string endpoint, int pairs)
    {
        if (pairs is < 1 or > Pairs)
            throw new VhostException(VhostError.InvalidArgument, $"'{endpoint}': QueuePairs is {pairs}; expected 1 to {Pairs}.", endpoint,
                $"SET_VRING_KICK and SET_VRING_CALL carry 8 bits of ring index: {Rings} rings, two for each pair, are all that vhost-user can name.");
    }
}
