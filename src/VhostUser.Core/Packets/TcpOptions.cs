using System.Buffers.Binary;

namespace VhostUser.Packets;

/// <summary>Writes TCP options as a line of text, in the words tcpdump uses.</summary>
internal static class TcpOptions
{
    internal static string Describe(ReadOnlySpan<byte> options)
    {
        var words = new List<string>();
        while (options.Length > 0 && options[0] != 0)
        {
            if (options[0] == 1)
            {
                words.Add("nop");
                options = options[1..];
                continue;
            }
            int length = options.Length > 1 ? options[1] : 0;
            if (length < 2 || length > options.Length)
            {
                words.Add($"malformed option {options[0]}");
                break;
            }
            words.Add(Describe(options[0], options[2..length]));
            options = options[length..];
        }
        return string.Join(", ", words);
    }

    private static string Describe(byte kind, ReadOnlySpan<byte> data) => (kind, data.Length) switch
    {
        (2, 2) => $"mss {BinaryPrimitives.ReadUInt16BigEndian(data)}",
        (3, 1) => $"wscale {data[0]}",
        (4, 0) => "sackOK",
        (5, _) => $"sack {data.Length / 8}",
        (8, 8) => $"TS val {BinaryPrimitives.ReadUInt32BigEndian(data)} ecr {BinaryPrimitives.ReadUInt32BigEndian(data[4..])}",
        _ => $"option {kind}",
    };
}
