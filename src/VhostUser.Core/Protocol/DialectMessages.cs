using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace VhostUser.Protocol;

/// <summary>
/// Translates the private messages of a dialect: their numbers, and payloads that are laid out otherwise. All else of the product knows
/// the specification's only.
/// </summary>
internal static class DialectMessages
{
    private const uint GetShmemConfig = (uint)FrontEndRequest.GetShmemConfig;
    private const uint ShmemMap = (uint)BackEndRequest.ShmemMap;
    private const uint ShmemUnmap = (uint)BackEndRequest.ShmemUnmap;

    /// <summary>Marks a number that means something else in the dialect than in the specification.</summary>
    private const uint Foreign = 0x8000_0000;

    private const int MapSize = 32;
    private const int UnmapSize = 24;
    private const int RegionSize = 16;
    private const int MaxRegions = 256;

    private static readonly (ProtocolDialect Dialect, bool Channel, uint Wire, uint Spec)[] s_moved =
    [
        (ProtocolDialect.CrosvmPrivate, false, 1004, GetShmemConfig),
        (ProtocolDialect.CrosvmPrivate, true, 1000, ShmemMap),
        (ProtocolDialect.CrosvmPrivate, true, 1001, ShmemUnmap),
        (ProtocolDialect.CrosvmEarly, false, 41, GetShmemConfig),
        (ProtocolDialect.CrosvmEarly, true, 6, ShmemMap),
        (ProtocolDialect.CrosvmEarly, true, 7, ShmemUnmap),
    ];

    private static readonly (ProtocolDialect Dialect, uint Wire, string Name)[] s_unsupported =
    [
        (ProtocolDialect.CrosvmPrivate, 1000, "SLEEP"), (ProtocolDialect.CrosvmPrivate, 1001, "WAKE"),
        (ProtocolDialect.CrosvmPrivate, 1002, "SNAPSHOT"), (ProtocolDialect.CrosvmPrivate, 1003, "RESTORE"),
        (ProtocolDialect.CrosvmEarly, 42, "SLEEP"), (ProtocolDialect.CrosvmEarly, 43, "WAKE"),
        (ProtocolDialect.CrosvmEarly, 44, "SNAPSHOT"), (ProtocolDialect.CrosvmEarly, 45, "RESTORE"),
    ];

    /// <summary>Whether the dialect has messages of its own.</summary>
    public static bool HasMessages(this ProtocolDialect dialect) => dialect is ProtocolDialect.CrosvmPrivate or ProtocolDialect.CrosvmEarly;

    /// <summary>The specification's number of a request that came; one that no specification has when it means something else in the dialect.</summary>
    public static uint FromWire(this ProtocolDialect dialect, bool channel, uint wire)
    {
        foreach (var moved in s_moved)
            if (moved.Dialect == dialect && moved.Channel == channel && moved.Wire == wire) return moved.Spec;
        bool foreign = s_moved.Any(moved => moved.Dialect == dialect && moved.Channel == channel && moved.Spec == wire) || NameOf(dialect, channel, wire) is not null;
        return foreign ? wire | Foreign : wire;
    }

    /// <summary>The number to send for a request.</summary>
    public static uint ToWire(this ProtocolDialect dialect, bool channel, uint request)
    {
        foreach (var moved in s_moved)
            if (moved.Dialect == dialect && moved.Channel == channel && moved.Spec == request) return moved.Wire;
        return request & ~Foreign;
    }

    /// <summary>The name and number of a private request that came and that is known and not supported, else null.</summary>
    public static string? Describe(this ProtocolDialect dialect, uint request) =>
        (request & Foreign) != 0 && NameOf(dialect, channel: false, request & ~Foreign) is string name ? $"{name} (private request {request & ~Foreign} of crosvm)" : null;

    /// <summary>Bytes of a request's payload in the dialect; null when it is as in the specification.</summary>
    public static int? SizeOf(this ProtocolDialect dialect, bool channel, uint request) => !channel || !dialect.HasMessages() ? null : request switch
    {
        ShmemMap => MapSize,
        ShmemUnmap => UnmapSize,
        _ => null,
    };

    /// <summary>Turns a payload that came into the specification's, in place; returns its length.</summary>
    public static int Decode(bool channel, bool reply, uint request, Span<byte> payload, int length)
    {
        if (channel && !reply && request == ShmemMap && length == MapSize)
        {
            // u8 flags (1 readable, 2 writable), u8 region, padding, offset in the region, offset in the file, length
            var map = new ShmemMapPayload { Region = payload[1], Offset = Read(payload, 8), FileOffset = Read(payload, 16), Length = Read(payload, 24), Flags = (uint)(payload[0] >> 1 & 1 | payload[0] & ~3) };
            return Write(payload, map);
        }
        if (channel && !reply && request == ShmemUnmap && length == UnmapSize)
            return Write(payload, new ShmemMapPayload { Region = payload[0], Offset = Read(payload, 8), Length = Read(payload, 16) });
        if (!channel && reply && request == GetShmemConfig && length >= 8 && (length - 8) / RegionSize <= MaxRegions && length == 8 + RegionSize * (int)Math.Min(Read(payload, 0), MaxRegions))
        {
            // a count, and for each region u8 id, padding, length
            byte[] came = payload[..length].ToArray();
            length = 8 + 8 * MaxRegions;
            payload[..length].Clear();
            payload[0] = (byte)Read(came, 0);
            for (int at = 8; at < came.Length; at += RegionSize) BinaryPrimitives.WriteUInt64LittleEndian(payload[(8 + 8 * came[at])..], Read(came, at + 8));
        }
        return length;
    }

    /// <summary>A payload of the specification as the dialect has it.</summary>
    public static ReadOnlySpan<byte> Encode(bool channel, bool reply, uint request, ReadOnlySpan<byte> payload)
    {
        if (channel && !reply && request is ShmemMap or ShmemUnmap && payload.Length == Marshal.SizeOf<ShmemMapPayload>())
        {
            ShmemMapPayload map = MemoryMarshal.Read<ShmemMapPayload>(payload);
            return request == ShmemMap
                ? Bytes((byte)(1 | (map.Flags & 1) << 1) | (map.Region & 0xff) << 8, map.Offset, map.FileOffset, map.Length)
                : Bytes(map.Region & 0xff, map.Offset, map.Length);
        }
        if (!channel && reply && request == GetShmemConfig && payload.Length == 8 + 8 * MaxRegions)
        {
            var words = new List<ulong> { 0 };
            for (int id = 0; id < MaxRegions; id++)
                if (Read(payload, 8 + 8 * id) is > 0 and ulong size) words.AddRange([(ulong)id, size]);
            words[0] = (ulong)words.Count / 2;
            return Bytes([.. words]);
        }
        return payload;
    }

    private static string? NameOf(ProtocolDialect dialect, bool channel, uint wire) =>
        channel ? null : s_unsupported.FirstOrDefault(row => row.Dialect == dialect && row.Wire == wire).Name;

    private static ulong Read(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private static int Write(Span<byte> payload, in ShmemMapPayload map)
    {
        MemoryMarshal.Write(payload, map);
        return Marshal.SizeOf<ShmemMapPayload>();
    }

    private static byte[] Bytes(params ulong[] words) => MemoryMarshal.AsBytes(words.AsSpan()).ToArray();
}
