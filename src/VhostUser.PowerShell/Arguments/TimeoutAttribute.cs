using System.Globalization;
using System.Management.Automation;

namespace VhostUser.Arguments;

/// <summary>Makes a <see cref="TimeSpan"/> out of a number of seconds, text ('2', '500ms', '0:00:02'), or a TimeSpan.</summary>
public sealed class TimeoutAttribute : ArgumentTransformationAttribute
{
    // The runtime's waits count milliseconds in 32 bits.
    private const double MaxSeconds = int.MaxValue / 1000;

    /// <summary>Called by the engine before the parameter is set.</summary>
    /// <returns>A <see cref="TimeSpan"/> that is not negative and at most 24 days.</returns>
    /// <exception cref="ArgumentTransformationMetadataException">The value is no time.</exception>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        double seconds = value switch
        {
            TimeSpan span => span.TotalSeconds,
            string text => Parse(text.Trim()),
            IConvertible number and not bool => Convert.ToDouble(number, CultureInfo.InvariantCulture),
            _ => double.NaN,
        };
        return seconds is >= 0 and <= MaxSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw new ArgumentTransformationMetadataException($"'{value}' is no time: expected seconds (2 or 0.5), '500ms', '0:00:02' or a TimeSpan, up to {MaxSeconds:0} s.");
    }

    private static double Parse(string text)
    {
        // TimeSpan.Parse would take '2' for two days.
        double scale = text.EndsWith("ms", StringComparison.OrdinalIgnoreCase) ? 0.001 : 1;
        if (double.TryParse(text.TrimEnd('s', 'S', 'm', 'M', ' '), NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            && !text.EndsWith('m')) return number * scale;
        return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan span) ? span.TotalSeconds : double.NaN;
    }
}
