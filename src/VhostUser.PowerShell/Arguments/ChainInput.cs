using System.Collections;
using VhostUser.Packets;

namespace VhostUser.Arguments;

/// <summary>Turns -Readable into the buffers of a raw chain: bytes or hex text, one or several.</summary>
internal static class ChainInput
{
    /// <summary>The buffers in order; none for null.</summary>
    /// <exception cref="VhostException">InvalidArgument: something that stands for no bytes.</exception>
    /// <exception cref="FormatException">The text is no hex text.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Read(object? readable)
    {
        object? value = ByteInput.Unwrap(readable);
        if (value is null) return [];
        if (TryReadBuffer(value) is ReadOnlyMemory<byte> single) return [single];
        if (value is IList list)
            return [.. list.Cast<object?>().Select(part => TryReadBuffer(ByteInput.Unwrap(part)) ?? throw Unreadable(part))];
        throw Unreadable(value);
    }

    private static ReadOnlyMemory<byte>? TryReadBuffer(object? value) => value switch
    {
        string text => VhostPacket.FromHex(text).Bytes,
        VhostPacket packet => packet.Bytes,
        _ => ByteInput.TryRead(value) is byte[] bytes ? bytes : (ReadOnlyMemory<byte>?)null,
    };

    private static VhostException Unreadable(object? value) => new(VhostError.InvalidArgument,
        $"-Readable: expected byte[] or hex text, or a list of them, one per descriptor; got {value?.GetType().Name ?? "null"} '{value}'.", null,
        "For example -Readable '0102', ([byte[]]::new(64)).");
}
