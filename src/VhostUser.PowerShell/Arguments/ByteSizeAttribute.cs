using System.Globalization;
using System.Management.Automation;
using System.Numerics;
using System.Text.RegularExpressions;

namespace VhostUser.Arguments;

/// <summary>Makes a number of bytes out of a number or text such as '64MB', '2 MiB' or '1.5GB'; the units are powers of 1024, as PowerShell's.</summary>
public sealed partial class ByteSizeAttribute : ArgumentTransformationAttribute
{
    /// <summary>Called by the engine before the parameter is set.</summary>
    /// <returns>Bytes, as a long.</returns>
    /// <exception cref="ArgumentTransformationMetadataException">The value is no size.</exception>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value switch
        {
            string text => Parse(text),
            double or float or decimal => Whole(Convert.ToDouble(value, CultureInfo.InvariantCulture), value),
            IConvertible number => Convert.ToInt64(number, CultureInfo.InvariantCulture),
            _ => throw NoSize(value),
        };
    }

    internal static long Parse(string text)
    {
        Match match = Size().Match(text);
        if (!match.Success) throw NoSize(text);
        double number = double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        int power = match.Groups[2].Value is { Length: > 0 } unit ? "KMGTP".IndexOf(char.ToUpperInvariant(unit[0])) + 1 : 0;
        return Whole(number * (double)BigInteger.Pow(1024, power), text);
    }

    private static long Whole(double bytes, object original) =>
        bytes is >= 0 and < long.MaxValue && bytes == Math.Floor(bytes) ? (long)bytes : throw NoSize(original);

    private static ArgumentTransformationMetadataException NoSize(object? value) =>
        new($"'{value}' is no size: expected a number of bytes, or text such as '64MB', '2MB' or '1GB'.");

    [GeneratedRegex(@"^\s*(\d+(?:\.\d+)?)\s*([KMGTP]?)i?B?\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex Size();
}
