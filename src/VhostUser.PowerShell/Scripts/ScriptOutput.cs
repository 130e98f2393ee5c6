using System.Management.Automation;
using VhostUser.Packets;

namespace VhostUser.Scripts;

/// <summary>Makes frames out of what a script wrote: packets, byte arrays, hex text, and bytes one by one.</summary>
internal static class ScriptOutput
{
    /// <summary>The frames; the engine unrolls a byte array, so bytes that follow one another are one frame.</summary>
    /// <exception cref="FormatException">An object is none of these.</exception>
    public static List<ReadOnlyMemory<byte>> ToFrames(IEnumerable<PSObject?> output)
    {
        var frames = new List<ReadOnlyMemory<byte>>();
        var loose = new List<byte>();
        foreach (PSObject? item in output)
        {
            object? value = item?.BaseObject;
            if (value is byte or int && Convert.ToInt32(value, null) is >= 0 and <= 255 and int number)
            {
                loose.Add((byte)number);
                continue;
            }
            Flush(loose, frames);
            if (value is not null) frames.Add(ToFrame(value));
        }
        Flush(loose, frames);
        return frames;
    }

    private static ReadOnlyMemory<byte> ToFrame(object value) => value switch
    {
        // An answer is plain: what the peer left to this end is done here.
        ReceivedPacket received => received.CompleteChecksum().Bytes,
        VhostPacket packet => packet.Bytes,
        byte[] bytes => bytes,
        ReadOnlyMemory<byte> memory => memory,
        string text => VhostPacket.FromHex(text).Bytes,
        _ => throw new FormatException($"The script wrote a {value.GetType().Name} ({value}); expected packets, byte[] or hex text. Redirect other output, for example with $null = …"),
    };

    private static void Flush(List<byte> loose, List<ReadOnlyMemory<byte>> frames)
    {
        if (loose.Count == 0) return;
        frames.Add(loose.ToArray());
        loose.Clear();
    }
}
