using P = VhostUser.Protocol.ProtocolFeatures;

namespace VhostUser.Protocol;

/// <summary>Whose numbers of protocol features and of a few messages a peer uses: they differ between programs.</summary>
public enum ProtocolDialect
{
    /// <summary>The specification: bit 20 GET_VRING_BASE_INFLIGHT, 21 GPA_ADDRESSES, 22 SHMEM.</summary>
    Spec,
    /// <summary>rust-vmm's vhost crate up to 0.16 and cloud-hypervisor on it: bit 21 means SHMEM.</summary>
    RustVmm,
    /// <summary>crosvm: bit 20 means SHMEM.</summary>
    Crosvm,
    /// <summary>crosvm of 2024 and 2025: bit 31 means SHMEM, whose messages are 1004, and 1000 and 1001 of the back-end.</summary>
    CrosvmPrivate,
    /// <summary>crosvm before that: bit 17 means SHMEM, whose messages are 41, and 6 and 7 of the back-end; 42 to 45 are private, too.</summary>
    CrosvmEarly,
}

/// <summary>Translates protocol features between the specification's numbers and a peer's, in one table.</summary>
internal static class ProtocolDialects
{
    // In a foreign dialect the bits above these have the meaning given here or none: GPA addressing is never inferred from bit 21.
    private static ulong CommonBitsOf(ProtocolDialect dialect) => dialect == ProtocolDialect.CrosvmEarly ? (1UL << 17) - 1 : (1UL << 20) - 1;

    private static readonly (ProtocolDialect Dialect, P Feature, int Bit)[] s_foreign =
    [
        (ProtocolDialect.RustVmm, P.Shmem, 21),
        (ProtocolDialect.Crosvm, P.Shmem, 20),
        (ProtocolDialect.CrosvmPrivate, P.Shmem, 31),
        (ProtocolDialect.CrosvmEarly, P.Shmem, 17),
    ];

    /// <summary>The bits to send; features that the dialect has no number for are left out.</summary>
    public static ulong ToWire(this ProtocolDialect dialect, P features)
    {
        if (dialect == ProtocolDialect.Spec) return (ulong)features;
        ulong wire = (ulong)features & CommonBitsOf(dialect);
        foreach ((ProtocolDialect of, P feature, int bit) in s_foreign)
            if (of == dialect && (features & feature) != 0) wire |= 1UL << bit;
        return wire;
    }

    /// <summary>What bits that were received mean; those without meaning in the dialect are put where the specification has none, so that they are refused as unknown.</summary>
    public static P FromWire(this ProtocolDialect dialect, ulong wire)
    {
        if (dialect == ProtocolDialect.Spec) return (P)wire;
        P features = (P)(wire & CommonBitsOf(dialect));
        ulong rest = wire & ~CommonBitsOf(dialect);
        foreach ((ProtocolDialect of, P feature, int bit) in s_foreign)
        {
            if (of != dialect || (rest & 1UL << bit) == 0) continue;
            features |= feature;
            rest &= ~(1UL << bit);
        }
        return rest == 0 ? features : features | (P)(1UL << 63);
    }
}
