using System.Runtime.InteropServices;
using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Tests.Peers;

/// <summary>A message as it came off a socket, unchecked, with its descriptors; and the bytes of messages to send.</summary>
internal sealed class RawMessage(byte[] header, byte[] payload, IReadOnlyList<FileDescriptor> fds) : IDisposable
{
    /// <summary>Flags of a request: version 1.</summary>
    public const uint Version = 1;

    /// <summary>Flags of a request that asks for an acknowledgement.</summary>
    public const uint NeedReply = 9;

    /// <summary>Flags of every correct reply.</summary>
    public const uint Reply = 5;

    public uint Request => BitConverter.ToUInt32(header, 0);

    public uint Flags => BitConverter.ToUInt32(header, 4);

    public byte[] Payload => payload;

    public IReadOnlyList<FileDescriptor> Fds => fds;

    public ulong UInt64 => Read<ulong>();

    public T Read<T>() where T : unmanaged => MemoryMarshal.Read<T>(payload);

    public void Dispose()
    {
        foreach (FileDescriptor fd in fds) fd.Dispose();
    }

    /// <summary>Header and payload as they go over the socket; any field may lie.</summary>
    /// <param name="request">Request number.</param>
    /// <param name="payload">The bytes behind the header.</param>
    /// <param name="flags">Header flags.</param>
    /// <param name="size">Size field, or null for the payload's length.</param>
    public static byte[] Bytes(uint request, ReadOnlySpan<byte> payload = default, uint flags = Version, uint? size = null)
    {
        byte[] message = new byte[MessageHeader.Size + payload.Length];
        BitConverter.TryWriteBytes(message.AsSpan(0), request);
        BitConverter.TryWriteBytes(message.AsSpan(4), flags);
        BitConverter.TryWriteBytes(message.AsSpan(8), size ?? (uint)payload.Length);
        payload.CopyTo(message.AsSpan(MessageHeader.Size));
        return message;
    }

    public static byte[] Bytes(FrontEndRequest request, ReadOnlySpan<byte> payload = default, uint flags = Version, uint? size = null) =>
        Bytes((uint)request, payload, flags, size);

    /// <summary>A value as payload bytes.</summary>
    public static unsafe byte[] Of<T>(T value) where T : unmanaged => new ReadOnlySpan<byte>(&value, sizeof(T)).ToArray();

    /// <summary>The payload of NUM, BASE and ENABLE.</summary>
    public static byte[] State(uint index, uint number) => Of(new VringStatePayload { Index = index, Number = number });

    /// <summary>The payload of SET_MEM_TABLE; the count may lie.</summary>
    public static byte[] MemoryTable(IReadOnlyList<MemoryRegionDescription> rows, uint? count = null) =>
        [.. Of(count ?? (uint)rows.Count), .. Of(0u), .. rows.SelectMany(row => Of(row))];
}
