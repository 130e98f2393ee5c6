using System.Collections;
using VhostUser.Packets;

namespace VhostUser.Arguments;

/// <summary>
/// Turns what comes down a pipeline into packets: packets, byte[], hex text, files, and lists of these. The engine takes a byte[]
/// apart; single bytes are therefore gathered and make one packet when something else, or the end, comes.
/// </summary>
internal sealed class PacketInput
{
    private readonly List<byte> _gathered = [];

    /// <summary>Whether single bytes wait for the end of their packet.</summary>
    public bool HasGathered => _gathered.Count > 0;

    /// <summary>The packets that an input object completes.</summary>
    /// <exception cref="VhostException">PacketInvalid: the object is nothing that stands for a packet.</exception>
    /// <exception cref="FormatException">The text is no hex text.</exception>
    public IEnumerable<VhostPacket> Read(object? input)
    {
        object? value = ByteInput.Unwrap(input);
        if (value is byte single)
        {
            _gathered.Add(single);
            return [];
        }
        IEnumerable<VhostPacket> packets = ReadWhole(value);
        return HasGathered ? [TakeGathered(), .. packets] : packets;
    }

    /// <summary>The packet of the single bytes gathered so far.</summary>
    public VhostPacket TakeGathered()
    {
        VhostPacket packet = VhostPacket.FromBytes([.. _gathered]);
        _gathered.Clear();
        return packet;
    }

    private static IEnumerable<VhostPacket> ReadWhole(object? value) => value switch
    {
        VhostPacket packet => [packet],
        string text => [VhostPacket.FromHex(text)],
        FileInfo file => [PacketFile.Read(file.FullName)],
        _ when ByteInput.TryRead(value) is byte[] bytes => [VhostPacket.FromBytes(bytes)],
        IList list => list.Cast<object?>().Select(ByteInput.Unwrap).SelectMany(ReadWhole),
        _ => throw new VhostException(VhostError.PacketInvalid,
            $"A packet was expected: from New-VhostPacket, as byte[], as hex text or as a file; got {value?.GetType().Name ?? "null"} '{value}'.", null,
            "Make packets with New-VhostPacket."),
    };
}
