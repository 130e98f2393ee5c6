namespace VhostUser.Rings;

/// <summary>A chain that the device returned: its head descriptor and how many bytes the device wrote. Both were checked.</summary>
internal readonly record struct UsedBuffer(ushort Id, uint Written);
