using System.Globalization;
using System.Management.Automation;

namespace VhostUser.Arguments;

/// <summary>Makes a <see cref="UnixFileMode"/> out of octal digits, as chmod takes them: '0660' or 660.</summary>
public sealed class SocketModeAttribute : ArgumentTransformationAttribute
{
    /// <summary>Called by the engine before the parameter is set.</summary>
    /// <returns>A <see cref="UnixFileMode"/>.</returns>
    /// <exception cref="ArgumentTransformationMetadataException">The value is not octal, or has other bits than permissions.</exception>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (value is UnixFileMode mode) return mode;
        string digits = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        if (digits.Length is > 0 and <= 4 && digits.All(digit => digit is >= '0' and <= '7') && Convert.ToInt32(digits, 8) is <= 0x1FF and int bits)
            return (UnixFileMode)bits;
        throw new ArgumentTransformationMetadataException($"'{value}' is no file mode: expected three octal digits as chmod takes them, for example '0660'.");
    }
}
