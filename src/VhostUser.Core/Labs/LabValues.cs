using System.Collections;
using System.Globalization;
using VhostUser.Packets;

namespace VhostUser.Labs;

/// <summary>A number of bytes, in words as a lab file has it: '64MB'.</summary>
internal readonly record struct LabSize(long Bytes)
{
    public override string ToString() => (Bytes % (1L << 30), Bytes % (1L << 20), Bytes % (1L << 10)) switch
    {
        (0, _, _) => $"{Bytes >> 30}GB",
        (_, 0, _) => $"{Bytes >> 20}MB",
        (_, _, 0) => $"{Bytes >> 10}KB",
        _ => $"{Bytes}",
    };
}

/// <summary>Reads the values of a lab file: each reader takes what a data file can hold and says by a FormatException what it expected.</summary>
internal static class LabValues
{
    public static object Text(object value, string expected) => value is string text && text.Trim().Length > 0 ? text : throw new FormatException(expected);

    public static Func<object, object> Words(string expected = "text") => value => Text(value, expected);

    public static Func<object, object> Whole(long least, long most) =>
        value => Number(value) is double number && number == Math.Floor(number) && number >= least && number <= most
            ? (object)(long)number : throw new FormatException($"a whole number from {least} to {most}");

    public static object Size(object value) => Number(value) is double number and > 0 and < 1e18 && number == Math.Floor(number)
        ? new LabSize((long)number) : throw new FormatException("a size in bytes, such as 64MB without quotes");

    public static object Address(object value) => value switch
    {
        ulong address => address,
        _ when Number(value) is double number and >= 0 and < 9e18 && number == Math.Floor(number) => (ulong)Convert.ToDecimal(value, CultureInfo.InvariantCulture),
        _ => throw new FormatException("an address, such as 0x100000000"),
    };

    public static object Rate(object value) => Number(value) is double number and >= 0 and <= 1e9 ? number : throw new FormatException("packets per second, from 0 to 1e9");

    public static object Seconds(object value) => value is TimeSpan span ? span : Number(value) is double number and >= 0 and <= 86400 ? TimeSpan.FromSeconds(number)
        : throw new FormatException("seconds, from 0 to 86400");

    public static object Switch(object value) => value is bool ? value : throw new FormatException("$true or $false");

    public static object Mac(object value) => value is string text && MacAddress.TryParse(text, out MacAddress address) ? address : throw new FormatException("a MAC address such as '02:00:00:00:00:01'");

    public static Func<object, object> OneOf<T>(params T[] except) where T : struct, Enum => value => Member(value, except);

    /// <summary>A name or a list of names, as a set of flags.</summary>
    public static Func<object, object> SetOf<T>() where T : struct, Enum => value => Enum.ToObject(typeof(T), List(value).Aggregate(0UL, (set, name) => set | Convert.ToUInt64(Member<T>(name, []), CultureInfo.InvariantCulture)));

    public static object Names(object value) => List(value).Select(name => (string)Text(name, "a name or a list of names")).ToArray();

    public static Func<object, object> Wholes(long least, long most) => value => List(value).Select(number => (int)(long)Whole(least, most)(number)).ToArray();

    /// <summary>A table of names and values.</summary>
    public static Func<object, object> ByPort(Func<object, object> read) => value =>
    {
        if (value is not IDictionary table) throw new FormatException("a table of port names, such as @{ sw0 = 10 }");
        var result = new SortedDictionary<string, object>(StringComparer.OrdinalIgnoreCase);
        foreach (DictionaryEntry entry in table) result[$"{entry.Key}"] = read(entry.Value ?? "");
        return result;
    };

    /// <summary>A value that was read, in words; two values that mean the same have the same words.</summary>
    public static string Text(object value) => value switch
    {
        bool set => set ? "on" : "off",
        TimeSpan span => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds} s"),
        ulong address => $"0x{address:x}",
        IEnumerable<KeyValuePair<string, object>> table => string.Join(" ", table.Select(entry => $"{entry.Key}={Text(entry.Value)}")),
        string text => text,
        IEnumerable list => string.Join(" ", list.Cast<object>().Select(Text)),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>What came, for messages.</summary>
    public static string Came(object? value) => value switch
    {
        null => "nothing",
        string text => $"'{text}'",
        IDictionary => "a table",
        IEnumerable list => $"the list {string.Join(", ", list.Cast<object?>().Select(Came))}",
        _ => Text(value),
    };

    public static IEnumerable<object> List(object value) => value is IEnumerable list and not string and not IDictionary ? list.Cast<object>() : [value];

    private static double? Number(object value) => value is IConvertible and not (string or bool or char or DateTime or Enum) ? Convert.ToDouble(value, CultureInfo.InvariantCulture) : null;

    private static object Member<T>(object value, T[] except) where T : struct, Enum
    {
        string[] names = [.. Enum.GetNames<T>().Except(except.Select(one => one.ToString())).Where(name => name != "None")];
        string? found = value is T already ? already.ToString() : value is string text ? names.FirstOrDefault(name => Lab.IsSame(name, text)) : null;
        return found is null ? throw new FormatException($"one of {string.Join(", ", names)}") : Enum.Parse<T>(found);
    }
}
