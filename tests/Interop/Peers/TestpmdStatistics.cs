using System.Globalization;
using System.Text.RegularExpressions;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>The counters of one testpmd port since it was started; bytes are of frames without FCS, rates since the last reading.</summary>
public sealed partial record TestpmdStatistics(
    long RxPackets, long RxMissed, long RxBytes, long RxErrors, long RxNoBuffer,
    long TxPackets, long TxErrors, long TxBytes,
    long RxPacketsPerSecond, long TxPacketsPerSecond)
{
    /// <summary>Reads the block that begins with "NIC statistics for port" and ends with the rates.</summary>
    public static TestpmdStatistics Parse(string block)
    {
        var values = NameAndNumber().Matches(block)
            .ToDictionary(m => m.Groups[1].Value, m => long.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture));
        return new(
            values["RX-packets"], values["RX-missed"], values["RX-bytes"], values["RX-errors"], values["RX-nombuf"],
            values["TX-packets"], values["TX-errors"], values["TX-bytes"], values["Rx-pps"], values["Tx-pps"]);
    }

    [GeneratedRegex(@"([RT][Xx]-\w+):\s+(\d+)")]
    internal static partial Regex NameAndNumber();
}

/// <summary>What testpmd forwarded between start and stop, over all its ports; dropped means that the other side had no room.</summary>
public sealed record TestpmdTotals(long RxPackets, long RxDropped, long TxPackets, long TxDropped)
{
    /// <summary>Reads the block that begins with "Accumulated forward statistics".</summary>
    public static TestpmdTotals Parse(string block)
    {
        var values = TestpmdStatistics.NameAndNumber().Matches(block)
            .ToDictionary(m => m.Groups[1].Value, m => long.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture));
        return new(values["RX-packets"], values["RX-dropped"], values["TX-packets"], values["TX-dropped"]);
    }
}
