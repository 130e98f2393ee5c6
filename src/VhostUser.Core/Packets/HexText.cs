using System.Text;

namespace VhostUser.Packets;

/// <summary>Reads and writes bytes as hexadecimal text.</summary>
internal static class HexText
{
    private const int BytesPerLine = 16;

    internal static byte[] Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var bytes = new List<byte>();
        bool dump = false;
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            HexLine line = HexLine.Split(lines[i].TrimEnd(), i + 1, bytes.Count, dump);
            dump |= line.HasOffset;
            AddBytes(bytes, line);
        }
        return bytes.Count > 0
            ? [.. bytes]
            : throw new FormatException("Hexadecimal text: expected at least one pair of digits, got none.");
    }

    internal static string Dump(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        for (int offset = 0; offset < bytes.Length; offset += BytesPerLine)
        {
            ReadOnlySpan<byte> line = bytes.Slice(offset, Math.Min(BytesPerLine, bytes.Length - offset));
            text.Append($"{offset:x4} ");
            for (int i = 0; i < BytesPerLine; i++)
                text.Append(i == 8 ? "  " : " ").Append(i < line.Length ? $"{line[i]:x2}" : "  ");
            text.Append("  |").Append(Printable(line)).Append("|\n");
        }
        return text.ToString().TrimEnd('\n');
    }

    internal static string Printable(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (byte value in bytes)
            text.Append(value is >= 0x20 and < 0x7F ? (char)value : '.');
        return text.ToString();
    }

    private static void AddBytes(List<byte> bytes, HexLine line)
    {
        string text = line.Text;
        int before = bytes.Count;
        for (int i = line.Start; i < line.End && bytes.Count - before < line.MaximumBytes;)
        {
            if (IsSeparator(text[i]) || IsPrefix(text, i))
            {
                i += IsSeparator(text[i]) ? 1 : 2;
                continue;
            }
            int high = Digit(line, i);
            int low = Digit(line, i + 1);
            bytes.Add((byte)(high << 4 | low));
            i += 2;
        }
    }

    private static bool IsSeparator(char c) => char.IsWhiteSpace(c) || c is ':' or '-' or ',';

    private static bool IsPrefix(string text, int i) =>
        text[i] == '0' && i + 1 < text.Length && text[i + 1] is 'x' or 'X' && (i == 0 || IsSeparator(text[i - 1]));

    private static int Digit(HexLine line, int column)
    {
        char? c = column < line.End ? line.Text[column] : null;
        if (c is { } digit && char.IsAsciiHexDigit(digit))
            return Convert.ToInt32(digit.ToString(), 16);
        string found = c is null ? "the end of the line" : $"'{c}'";
        throw new FormatException(
            $"Hexadecimal text, line {line.Number}, column {column + 1}: expected a pair of hexadecimal digits, found {found}.");
    }
}
