using VhostUser.Fuzz;
using Xunit;
using Xunit.Abstractions;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>
/// A million inputs of the fuzzer (tests/Fuzz), shared out to its targets: no crash, no input that takes a second, nothing leaked. The
/// seed is fixed; longer runs are the fuzzer's own program.
/// </summary>
[Collection(HostileCollection.Name)]
public sealed class FuzzTargetTests(ITestOutputHelper output)
{
    private const ulong Seed = 20261122;

    private static readonly Dictionary<string, int> s_shares = new()
    {
        ["messages"] = 100_000, ["replies"] = 60_000, ["split"] = 80_000, ["indirect"] = 80_000, ["packed"] = 80_000, ["indirect-packed"] = 80_000,
        ["used"] = 60_000, ["used-packed"] = 60_000, ["inflight"] = 60_000, ["inflight-packed"] = 80_000, ["channel"] = 60_000, ["iotlb"] = 60_000,
        ["control"] = 40_000, ["log"] = 40_000, ["net"] = 60_000,
        ["capture"] = 80_000,
    };

    public static TheoryData<string> Names => [.. FuzzTargets.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_share_of_a_million_seeded_inputs_does_no_harm(string name)
    {
        using FuzzTarget target = FuzzTargets.Create(name)!;
        FuzzReport report = new FuzzRunner(target, Seed).Run(s_shares[name]);
        output.WriteLine(report.ToString());
        Assert.Null(report.Failure);
        // An error that a target never meets is a rule that it never tried.
        Assert.True(target.Outcomes.GetValueOrDefault("good") > 1000, $"only {target.Outcomes.GetValueOrDefault("good")} were good");
        Assert.True(target.Outcomes.Count > 1, "nothing was refused");
    }

    [Fact]
    public void The_shares_are_a_million() => Assert.True(s_shares.Values.Sum() >= 1_000_000);

    [Fact]
    public void A_failing_input_is_found_made_simple_and_told_how_to_run_again()
    {
        using var target = new FaultyTarget();
        FuzzReport report = new FuzzRunner(target, 7).Run(100_000);
        Assert.StartsWith("FAILED at input", report.Failure, StringComparison.Ordinal);
        Assert.Contains("--target faulty --input 0000002A", report.Failure, StringComparison.Ordinal);
        Assert.Equal(report.Failure, new FuzzRunner(target, 7).Run(100_000).Failure);
        Assert.StartsWith("FuzzFailure", new FuzzRunner(target, 1).Replay([0, 0, 0, 42]), StringComparison.Ordinal);
        Assert.Null(new FuzzRunner(target, 1).Replay([0, 0, 0, 41]));
    }

    /// <summary>A target with a defect: the fourth byte 42.</summary>
    private sealed class FaultyTarget : FuzzTarget
    {
        public override string Name => "faulty";

        public override int InputBytes => 32;

        public override int Run(ref FuzzInput input)
        {
            input.UInt16();
            input.Byte();
            FuzzFailure.Unless(input.Byte() != 42, "It is 42.");
            return 1;
        }

        public override void Dispose()
        {
        }
    }
}
