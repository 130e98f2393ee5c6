namespace VhostUser.Protocol;

/// <summary>The u64 of SET_VRING_KICK, CALL and ERR: bits 0-7 the ring, bit 8 "no descriptor, poll instead".</summary>
internal static class VringFdPayload
{
    public const ulong IndexMask = 0xff;
    public const ulong NoFdFlag = 1 << 8;
}
