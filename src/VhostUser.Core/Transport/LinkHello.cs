using System.Buffers.Binary;

namespace VhostUser.Transport;

/// <summary>What one end tells the other first: who it is and what it can do. Fixed layout, little-endian, 32 bits per queue pair behind it.</summary>
internal sealed record LinkHello
{
    public const uint Magic = 0x4c42_4956; // "VIBL"
    public const ushort CurrentVersion = 1;
    public const int NonceSize = 32;
    public const int MaxPairs = 128;

    private const int Head = 4 + 2 + 2 + NonceSize + 16 + 16 + 8 + 4 + 4;

    public ushort Version { get; init; } = CurrentVersion;

    /// <summary>Fresh for each attempt: what is proven holds for it alone.</summary>
    public required byte[] Nonce { get; init; }

    /// <summary>The link object of that end; the same after a break, another after a restart.</summary>
    public required Guid Instance { get; init; }

    /// <summary>The host's boot: shared memory reaches no other.</summary>
    public required Guid Host { get; init; }

    /// <summary>Queue pairs.</summary>
    public required int Pairs { get; init; }

    /// <summary>Providers that the end would take: bit n for <see cref="LinkProvider"/> n.</summary>
    public required byte Providers { get; init; }

    public required LinkMode Mode { get; init; }

    /// <summary>Whether frames are to be encrypted; one end that asks is enough.</summary>
    public required bool Encrypt { get; init; }

    /// <summary>Whether its guest could take part in <see cref="LinkMode.Direct"/> now.</summary>
    public bool DirectReady { get; init; }

    /// <summary>Bytes of its guest's virtio-net header, 0 when there is no guest.</summary>
    public int HeaderLength { get; init; }

    /// <summary>Its guest's virtio features, offloads above all.</summary>
    public ulong Features { get; init; }

    /// <summary>The session before this one, or 0.</summary>
    public uint LastSession { get; init; }

    /// <summary>Packets taken out of frames in that session, for each queue pair; wraps.</summary>
    public uint[] Delivered { get; init; } = [];

    public byte[] ToBytes()
    {
        var bytes = new byte[Head + 4 * Pairs];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), (ushort)Pairs);
        Nonce.CopyTo(bytes, 8);
        Instance.TryWriteBytes(bytes.AsSpan(40));
        Host.TryWriteBytes(bytes.AsSpan(56));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(72), Features);
        bytes[80] = Providers;
        bytes[81] = (byte)Mode;
        bytes[82] = (byte)((Encrypt ? 1 : 0) | (DirectReady ? 2 : 0));
        bytes[83] = (byte)HeaderLength;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(84), LastSession);
        for (int i = 0; i < Math.Min(Pairs, Delivered.Length); i++) BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Head + 4 * i), Delivered[i]);
        return bytes;
    }

    /// <summary>Reads what a stranger sent; null with the reason when it is no hello.</summary>
    public static LinkHello? TryRead(ReadOnlySpan<byte> bytes, out string reason)
    {
        reason = "";
        if (bytes.Length < Head || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
        {
            reason = "it does not begin as a hello of this module";
            return null;
        }
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]);
        int pairs = BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]);
        if (version != CurrentVersion) reason = $"it speaks version {version} of the protocol, and this end version {CurrentVersion}";
        else if (pairs is < 1 or > MaxPairs) reason = $"it has {pairs} queue pairs; expected 1 to {MaxPairs}";
        else if (bytes.Length != Head + 4 * pairs) reason = $"it has {bytes.Length} bytes; expected {Head + 4 * pairs} for {pairs} queue pairs";
        else if (bytes[81] > (byte)LinkMode.Direct) reason = $"it asks for mode {bytes[81]}";
        else if (bytes[82] > 3) reason = $"its flags are {bytes[82]}";
        else if (bytes[83] is not (0 or 10 or 12 or 20)) reason = $"its guest's header has {bytes[83]} bytes; expected 10, 12 or 20";
        if (reason.Length > 0) return null;
        var delivered = new uint[pairs];
        for (int i = 0; i < pairs; i++) delivered[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(Head + 4 * i)..]);
        return new LinkHello
        {
            Version = version,
            Pairs = pairs,
            Nonce = bytes.Slice(8, NonceSize).ToArray(),
            Instance = new Guid(bytes.Slice(40, 16)),
            Host = new Guid(bytes.Slice(56, 16)),
            Features = BinaryPrimitives.ReadUInt64LittleEndian(bytes[72..]),
            Providers = bytes[80],
            Mode = (LinkMode)bytes[81],
            Encrypt = (bytes[82] & 1) != 0,
            DirectReady = (bytes[82] & 2) != 0,
            HeaderLength = bytes[83],
            LastSession = BinaryPrimitives.ReadUInt32LittleEndian(bytes[84..]),
            Delivered = delivered,
        };
    }
}
