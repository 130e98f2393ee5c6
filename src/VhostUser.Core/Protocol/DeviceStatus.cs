namespace VhostUser.Protocol;

/// <summary>Device status bits (virtio 1.3 §2.1).</summary>
[Flags]
public enum DeviceStatus : byte
{
#pragma warning disable CS1591 // the names are the specification's
    None = 0,
    Acknowledge = 1,
    Driver = 2,
    DriverOk = 4,
    FeaturesOk = 8,
    DeviceNeedsReset = 64,
    Failed = 128,
#pragma warning restore CS1591
}
