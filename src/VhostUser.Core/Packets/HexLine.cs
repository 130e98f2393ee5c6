using System.Globalization;
using System.Text.RegularExpressions;

namespace VhostUser.Packets;

/// <summary>One line of hexadecimal text: where its digits begin and end, without the columns dump tools put around them.</summary>
/// <param name="Text">The line.</param>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Start">The column where the digits begin.</param>
/// <param name="End">The column after the digits.</param>
/// <param name="MaximumBytes">The bytes a line of this kind can hold; what follows them is the ASCII column.</param>
/// <param name="HasOffset">True when the line began with an offset.</param>
internal sealed partial record HexLine(string Text, int Number, int Start, int End, int MaximumBytes, bool HasOffset)
{
    /// <summary>Finds the columns of a line.</summary>
    /// <param name="text">The line, without white space at its end.</param>
    /// <param name="number">Its number, from 1.</param>
    /// <param name="count">The bytes read before: an offset must agree with it.</param>
    /// <param name="dump">True when an earlier line had an offset.</param>
    internal static HexLine Split(string text, int number, int count, bool dump)
    {
        Match colon = ColonOffset().Match(text);
        if (colon.Success)
        {
            RequireOffset(Value(colon), number, count);
            Match gap = Gap().Match(text, colon.Length);
            return new(text, number, colon.Length, gap.Success ? gap.Index : text.Length, int.MaxValue, true);
        }
        Match plain = PlainOffset().Match(text);
        if (plain.Success && (dump || Value(plain) == count))
        {
            RequireOffset(Value(plain), number, count);
            Match ascii = AsciiColumn().Match(text, plain.Length);
            return new(text, number, plain.Length, ascii.Success ? ascii.Index : text.Length, 16, true);
        }
        // hexdump ends with a line that holds only the total length.
        if (dump && Total().Match(text) is { Success: true } total && Value(total) == count)
            return new(text, number, text.Length, text.Length, 0, true);
        return new(text, number, 0, text.Length, int.MaxValue, false);
    }

    private static void RequireOffset(long offset, int number, int count)
    {
        if (offset != count)
            throw new FormatException(
                $"Hexadecimal text, line {number}, column 1: expected offset 0x{count:x4} after {count} bytes, found 0x{offset:x4}.");
    }

    private static long Value(Match match) =>
        long.Parse(match.Groups["offset"].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    // xxd "00000010: ", tcpdump "\t0x0010:  ".
    [GeneratedRegex(@"^\s*(0[xX])?(?<offset>[0-9a-fA-F]{4,8}):(\s+|$)")]
    private static partial Regex ColonOffset();

    // hexdump -C and Wireshark: "0010  45 00 ", digits in single bytes.
    [GeneratedRegex(@"^\s*(?<offset>[0-9a-fA-F]{4,8})\s{2,3}(?=[0-9a-fA-F]{2}(\s|$))")]
    private static partial Regex PlainOffset();

    [GeneratedRegex(@"^\s*(?<offset>[0-9a-fA-F]{4,8})$")]
    private static partial Regex Total();

    [GeneratedRegex(@"\s{2}|\t")]
    private static partial Regex Gap();

    [GeneratedRegex(@"\s{3}|\s*\|")]
    private static partial Regex AsciiColumn();
}
