using System.Globalization;
using System.Management.Automation;
using System.Reflection;

namespace VhostUser.Tests.Commands;

/// <summary>The few of PowerShell's conversions that tests need: switches, enums, numbers, arrays, and types made from one value.</summary>
internal static class ArgumentConversion
{
    /// <summary>True when the value is of the type already.</summary>
    public static bool Fits(object value, Type type) => (Nullable.GetUnderlyingType(type) ?? type).IsInstanceOfType(value);

    public static bool TryConvert(object? argument, Type type, out object? value)
    {
        value = argument is PSObject wrapped && !type.IsInstanceOfType(argument) ? wrapped.BaseObject : argument;
        if (value is null)
            return !type.IsValueType || Nullable.GetUnderlyingType(type) is not null;
        if (Fits(value, type))
            return true;
        try
        {
            value = Convert(value, Nullable.GetUnderlyingType(type) ?? type);
            return value is not null;
        }
        catch (Exception error) when (error is FormatException or OverflowException or InvalidCastException or ArgumentException)
        {
            return false;
        }
    }

    private static object? Convert(object value, Type type)
    {
        if (type == typeof(SwitchParameter) && value is bool present)
            return new SwitchParameter(present);
        if (type.IsEnum)
            return value is string name ? Enum.Parse(type, name, ignoreCase: true) : Enum.ToObject(type, value);
        if (type.IsArray)
            return ConvertArray(value, type.GetElementType()!);
        if (value is IConvertible && typeof(IConvertible).IsAssignableFrom(type))
            return System.Convert.ChangeType(value, type, CultureInfo.InvariantCulture);
        if (value is string text && type.GetMethod("Parse", [typeof(string)]) is { IsStatic: true } parse)
            return parse.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [text], CultureInfo.InvariantCulture);
        var constructor = type.GetConstructor([value.GetType()]);
        return constructor?.Invoke(BindingFlags.DoNotWrapExceptions, null, [value], CultureInfo.InvariantCulture);
    }

    private static Array? ConvertArray(object value, Type elementType)
    {
        object?[] elements = value is Array list ? [.. list.Cast<object?>()] : [value];
        var array = Array.CreateInstance(elementType, elements.Length);
        for (int i = 0; i < elements.Length; i++)
        {
            if (!TryConvert(elements[i], elementType, out object? element))
                return null;
            array.SetValue(element, i);
        }
        return array;
    }
}
