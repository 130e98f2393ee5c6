using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>
/// The state of a network device as bytes, little endian: "VHUSTATE", u32 version 1, u32 length of all; i32 MTU or 0; u16 length of
/// the configuration space and its bytes; u16 number of rings, and for each u32 base, i64 packets, i64 bytes.
/// </summary>
internal sealed record DeviceState(int Mtu, byte[] Config, DeviceState.RingState[] Rings)
{
    private const int Version = 1;

    private static ReadOnlySpan<byte> Magic => "VHUSTATE"u8;

    /// <summary>Where a ring stood, and what had gone through it.</summary>
    internal readonly record struct RingState(uint Base, long Packets, long Bytes);

    public static DeviceState Of(int? mtu, byte[] config, IReadOnlyList<Vring> rings) =>
        new(mtu ?? 0, config, [.. rings.Select(ring => new RingState(ring.Base, ring.Counters.Packets, ring.Counters.Bytes))]);

    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(8 + 4 + 4 + 4 + 2 + Config.Length + 2 + 20 * Rings.Length);
        writer.Write(Mtu);
        writer.Write((ushort)Config.Length);
        writer.Write(Config);
        writer.Write((ushort)Rings.Length);
        foreach (RingState ring in Rings)
        {
            writer.Write(ring.Base);
            writer.Write(ring.Packets);
            writer.Write(ring.Bytes);
        }
        return stream.ToArray();
    }

    /// <exception cref="VhostException">StateInvalid: what is wrong with the bytes.</exception>
    public static DeviceState Parse(byte[] bytes)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes));
            if (!reader.ReadBytes(Magic.Length).AsSpan().SequenceEqual(Magic)) throw Invalid("does not begin with VHUSTATE");
            int version = reader.ReadInt32();
            if (version != Version) throw Invalid($"has version {version}, expected {Version}");
            int length = reader.ReadInt32();
            if (length != bytes.Length) throw Invalid($"says that it has {length} bytes; {bytes.Length} came");
            int mtu = reader.ReadInt32();
            byte[] config = reader.ReadBytes(reader.ReadUInt16());
            var rings = new RingState[reader.ReadUInt16()];
            for (int i = 0; i < rings.Length; i++) rings[i] = new RingState(reader.ReadUInt32(), reader.ReadInt64(), reader.ReadInt64());
            if (reader.BaseStream.Position != bytes.Length) throw Invalid($"ends at byte {reader.BaseStream.Position} of {bytes.Length}");
            return new DeviceState(mtu, config, rings);
        }
        catch (EndOfStreamException)
        {
            throw Invalid($"is cut off after {bytes.Length} bytes");
        }
    }

    public static VhostException Invalid(string why) => new(VhostError.StateInvalid, $"The device's state {why}.", "device state",
        "It must be what a VhostServer of the same version and with as many queues saved.");
}
