namespace VhostUser.Rings;

/// <summary>One buffer of a chain that a driver makes available.</summary>
/// <param name="GuestAddress">Guest-physical address of its first byte.</param>
/// <param name="Length">Length in bytes.</param>
internal readonly record struct ChainBuffer(ulong GuestAddress, uint Length);
