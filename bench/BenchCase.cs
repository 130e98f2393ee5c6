namespace VhostUser.Bench;

/// <summary>One row of the table: the same traffic with our end and with DPDK's in its place.</summary>
/// <param name="Name">What is compared.</param>
/// <param name="Size">Bytes per packet.</param>
/// <param name="Ours">Runs ours for the time given and returns packets per second.</param>
/// <param name="Theirs">Runs DPDK's for the time given and returns packets per second.</param>
internal sealed record BenchCase(string Name, int Size, Func<TimeSpan, Measurement> Ours, Func<TimeSpan, Measurement> Theirs);

/// <summary>What one run gave.</summary>
/// <param name="PacketsPerSecond">Packets that arrived, per second.</param>
/// <param name="AllocatedBytesPerPacket">Managed bytes allocated by this process per packet; null for a run without our code.</param>
internal readonly record struct Measurement(double PacketsPerSecond, double? AllocatedBytesPerPacket = null);
