namespace VhostUser.Transport;

/// <summary>What passes on the control channel.</summary>
internal enum ControlMessage : byte
{
    /// <summary>The first of each end: a <see cref="LinkHello"/>; the listening end's with its proof behind it.</summary>
    Hello = 1,
    /// <summary>The connecting end's proof.</summary>
    Proof = 2,
    /// <summary>A <see cref="LinkAgreement"/>.</summary>
    Agreement = 3,
    /// <summary>Addresses of the connecting end's endpoints, where the provider has no connections.</summary>
    Address = 4,
    /// <summary>The listening end is ready: frames may be sent.</summary>
    Ready = 5,
    /// <summary>No, and why, in words.</summary>
    Refuse = 6,
    /// <summary>The end leaves on purpose.</summary>
    Bye = 7,
}
