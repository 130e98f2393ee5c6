using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Handles;
using VhostUser.Memory;
using VhostUser.Scripts;
using Xunit;

namespace VhostUser.Tests.Commands;

public class ArgumentTests
{
    [Theory]
    [InlineData("64MB", 64L << 20)]
    [InlineData("2 mib", 2L << 20)]
    [InlineData("1GB", 1L << 30)]
    [InlineData("1.5KB", 1536L)]
    [InlineData("4096", 4096L)]
    [InlineData("12 B", 12L)]
    [InlineData(4096, 4096L)]
    [InlineData(2048.0, 2048L)]
    public void A_size_is_read(object value, long bytes) => Assert.Equal(bytes, new ByteSizeAttribute().Transform(null!, value));

    [Theory]
    [InlineData("64XB")]
    [InlineData("MB")]
    [InlineData("-1")]
    [InlineData("0.3KB")]
    [InlineData("99999999PB")]
    [InlineData(1.5)]
    public void What_is_no_size_is_refused(object value) =>
        Assert.Throws<ArgumentTransformationMetadataException>(() => new ByteSizeAttribute().Transform(null!, value));

    [Theory]
    [InlineData(2, 2000)]
    [InlineData(0.25, 250)]
    [InlineData("2", 2000)]
    [InlineData("2s", 2000)]
    [InlineData("500ms", 500)]
    [InlineData("0:01:00", 60000)]
    public void A_time_is_read_as_seconds(object value, double milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), new TimeoutAttribute().Transform(null!, value));

    [Theory]
    [InlineData(-1)]
    [InlineData("soon")]
    [InlineData("2m")]
    [InlineData(true)]
    [InlineData(1e10)]
    public void What_is_no_time_is_refused(object value) =>
        Assert.Throws<ArgumentTransformationMetadataException>(() => new TimeoutAttribute().Transform(null!, value));

    [Theory]
    [InlineData("0888")]
    [InlineData("rw")]
    [InlineData("7777")]
    [InlineData("")]
    public void What_is_no_mode_is_refused(object value) =>
        Assert.Throws<ArgumentTransformationMetadataException>(() => new SocketModeAttribute().Transform(null!, value));

    [Fact]
    public void A_pattern_for_one_handle_must_fit_one()
    {
        using var session = new ModuleSession();
        foreach (string name in new[] { "a", "b" })
            LiveHandles.Regions.Add(session.Name(name), () => SharedRegion.Create(new() { Name = session.Name(name), Size = 4096 }));
        Assert.Equal(session.Name("b"), new RegionArgument(session.Name("?")[..^1] + "b*").Resolve().Name);
        Assert.Equal(VhostError.InvalidArgument, Assert.Throws<VhostException>(() => new RegionArgument(session.All).Resolve()).Error);
        Assert.Equal(VhostError.HandleNotFound, Assert.Throws<VhostException>(() => new RegionArgument(session.Name("x*")).Resolve()).Error);
    }

    [Fact]
    public void Two_makers_of_one_name_cannot_both_win()
    {
        using var session = new ModuleSession();
        int made = 0;
        Parallel.For(0, 16, _ =>
        {
            try
            {
                LiveHandles.Regions.Add(session.Name("one"), () => SharedRegion.Create(new() { Name = session.Name("one"), Size = 4096 }));
                Interlocked.Increment(ref made);
            }
            catch (VhostException error) when (error.Error == VhostError.NameInUse)
            {
                // The others.
            }
        });
        Assert.Equal(1, made);
    }

    [Fact]
    public void Live_names_are_completed_and_quoted_when_needed()
    {
        using var session = new ModuleSession();
        foreach (string name in new[] { "plain", "with space" })
            LiveHandles.Regions.Add(session.Name(name), () => SharedRegion.Create(new() { Name = session.Name(name), Size = 4096 }));
        string[] completions = [.. new RegionNameCompleter().CompleteArgument("", "", session.Name("")[..5], null!, null!).Select(result => result.CompletionText)];
        Assert.Contains(session.Name("plain"), completions);
        Assert.Contains($"'{session.Name("with space")}'", completions);
        Assert.Empty(new RegionNameCompleter().CompleteArgument("", "", session.Name("x"), null!, null!));
    }

    [Fact]
    public void Bytes_that_a_script_wrote_one_by_one_are_one_frame_until_something_else_comes()
    {
        PSObject[] output = [new((byte)1), new(2), new("0304"), new(new byte[] { 5, 6 }), new((byte)7)];
        Assert.Equal(["0102", "0304", "0506", "07"], ScriptOutput.ToFrames(output).Select(frame => Convert.ToHexString(frame.Span)));
    }

    [Fact]
    public void Other_output_of_a_script_is_refused() =>
        Assert.Throws<FormatException>(() => ScriptOutput.ToFrames([new PSObject(DateTime.MinValue)]));
}
