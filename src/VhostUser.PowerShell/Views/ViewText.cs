using System.Globalization;

namespace VhostUser.Views;

/// <summary>Numbers as the views show them; the properties keep the plain numbers.</summary>
public static class ViewText
{
    private const string Units = "KMGTP";

    /// <summary>A size in bytes: '512 B', '64 MB' (powers of 1024, as PowerShell's MB).</summary>
    public static string Size(double bytes) => Scale(bytes, 1024, "B");

    /// <summary>A count: up to 999,999 as it is, then '12.3 M'.</summary>
    public static string Count(double count) => count < 1e6 ? count.ToString("#,0", CultureInfo.InvariantCulture) : Scale(count, 1000, "");

    /// <summary>A rate: '1.25 Mpps', '640 Mbit/s'.</summary>
    public static string Rate(double perSecond, string unit) => Scale(perSecond, 1000, unit);

    /// <summary>A short time, with its unit and up to three digits that count: nanoseconds to seconds.</summary>
    public static string Time(TimeSpan time) => time.Ticks switch
    {
        0 => "0",
        < TimeSpan.TicksPerMicrosecond => string.Create(CultureInfo.InvariantCulture, $"{time.TotalNanoseconds:0} ns"),
        < TimeSpan.TicksPerMillisecond => string.Create(CultureInfo.InvariantCulture, $"{Digits(time.TotalMicroseconds)} us"),
        < TimeSpan.TicksPerSecond => string.Create(CultureInfo.InvariantCulture, $"{Digits(time.TotalMilliseconds)} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Digits(time.TotalSeconds)} s"),
    };

    /// <summary>An address in hexadecimal.</summary>
    public static string Address(ulong address) => "0x" + address.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>A text of at most so many characters, cut at its left: of a path the end tells more.</summary>
    public static string Tail(string? text, int width) => text is null || text.Length <= width ? text ?? "" : "…" + text[^(width - 1)..];

    /// <summary>A text of at most so many characters, cut at its right.</summary>
    public static string Head(string? text, int width) => text is null || text.Length <= width ? text ?? "" : text[..(width - 1)] + "…";

    /// <summary>The peer in a column: of a long program name the end gives way, never the process id.</summary>
    public static string Peer(int? pid, string? program, int width)
    {
        if (pid is null || string.IsNullOrEmpty(program)) return Head(Peer(pid, program), width);
        string id = $" ({pid})";
        return Head(Path.GetFileName(program), width - id.Length) + id;
    }

    /// <summary>The state of a server, or how long its packet script has kept it busy when that is long enough to be noticed.</summary>
    public static string State(object state, TimeSpan? busyFor) =>
        busyFor is TimeSpan busy && busy >= TimeSpan.FromSeconds(1) ? $"Busy {busy.TotalSeconds:0} s" : $"{state}";

    /// <summary>Refused features by reason, one line each: 'not offered by the back-end: Config (protocol), Mq'.</summary>
    public static string Refused(IEnumerable<string>? features) => string.Join(Environment.NewLine, (features ?? [])
        .Select(feature => feature.Split(": ", 2))
        .GroupBy(parts => parts[^1], parts => parts[0])
        .Select(reason => $"{reason.Key}: {string.Join(", ", reason)}"));

    /// <summary>The fields of a reply in a row: 'Queue 0, Base 256'; a list of names as it is, bytes in hexadecimal.</summary>
    public static string Fields(IEnumerable<KeyValuePair<string, object>>? fields) => string.Join(", ", (fields ?? []).Select(field => field.Value switch
    {
        IEnumerable<string> names => string.Join(", ", names),
        byte[] bytes => $"{field.Key} {Convert.ToHexStringLower(bytes)}",
        Array values => $"{field.Key} {string.Join(' ', values.Cast<object>())}",
        object value => string.Create(CultureInfo.InvariantCulture, $"{field.Key} {value}"),
    }));

    /// <summary>The peer of a server or client: 'testpmd (1234)', or '-' without one.</summary>
    public static string Peer(int? pid, string? program) =>
        pid is null ? "-" : string.IsNullOrEmpty(program) ? $"pid {pid}" : $"{Path.GetFileName(program)} ({pid})";

    // Three digits tell enough of a measured time.
    private static string Digits(double value) => value.ToString(value < 10 ? "0.##" : value < 100 ? "0.#" : "0", CultureInfo.InvariantCulture);

    private static string Scale(double value, int step, string unit)
    {
        int power = 0;
        while (value >= step && power < Units.Length)
        {
            value /= step;
            power++;
        }
        string prefix = power == 0 ? "" : Units[power - 1].ToString();
        return $"{value.ToString("0.##", CultureInfo.InvariantCulture)} {(step == 1000 && power == 1 ? "k" : prefix)}{unit}".TrimEnd();
    }
}
