using System.Collections;
using System.Management.Automation;

namespace VhostUser.Arguments;

/// <summary>Recognises the shapes in which PowerShell hands over one run of bytes.</summary>
internal static class ByteInput
{
    /// <summary>The bytes of byte[], of a packet's memory, or of a list of numbers from 0 to 255; null for anything else.</summary>
    public static byte[]? TryRead(object? value) => value switch
    {
        byte[] bytes => bytes,
        ReadOnlyMemory<byte> memory => memory.ToArray(),
        Memory<byte> memory => memory.ToArray(),
        string => null,
        IList list => TryReadNumbers(list),
        _ => null,
    };

    /// <summary>The value as a byte when it is a whole number from 0 to 255; null otherwise.</summary>
    public static byte? TryReadByte(object? value) => Unwrap(value) switch
    {
        byte number => number,
        int number and >= 0 and <= 255 => (byte)number,
        long number and >= 0 and <= 255 => (byte)number,
        _ => null,
    };

    /// <summary>The object inside the engine's wrapper.</summary>
    public static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static byte[]? TryReadNumbers(IList list)
    {
        if (list.Count == 0) return null;
        var bytes = new byte[list.Count];
        for (int i = 0; i < bytes.Length; i++)
        {
            if (TryReadByte(list[i]) is not byte number) return null;
            bytes[i] = number;
        }
        return bytes;
    }
}
