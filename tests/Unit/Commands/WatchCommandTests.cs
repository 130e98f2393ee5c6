using VhostUser.Commands;
using Xunit;

namespace VhostUser.Tests.Commands;

/// <summary>Watch-Vring where there is no terminal: plain lines.</summary>
public sealed class WatchCommandTests : IDisposable
{
    private readonly ModuleSession _session = new();

    public WatchCommandTests()
    {
        foreach (string name in new[] { "sw0", "sw1" })
            Assert.Empty(new CmdletRunner<StartVhostServerCommand>().With(new { Name = _session.Name(name), Path = _session.Socket(name) }).Run().Errors);
    }

    public void Dispose() => _session.Dispose();

    [Fact]
    public void Each_frame_has_a_line_for_each_ring_of_each_endpoint()
    {
        CmdletResult result = Watch(new { Server = new object[] { _session.All }, Count = 2, Interval = 0.1 }).Run();
        Assert.Empty(result.Errors);
        Assert.Equal(2 * 2 * 2, result.Output.Count);
        Assert.All(result.Output, line => Assert.Contains("no front-end is connected", (string)line!));
        Assert.Equal(4, result.Output.Count(line => ((string)line!).Contains(_session.Name("sw1"))));
    }

    [Fact]
    public void It_ends_after_its_duration() =>
        Assert.NotEmpty(Watch(new { Server = new object[] { _session.All }, Duration = 0.3, Interval = 0.1 }).Run().Output);

    [Fact]
    public void More_than_ten_frames_a_second_are_refused() =>
        Assert.Equal(["InvalidArgument"], Watch(new { Server = new object[] { _session.All }, Interval = 0.05 }).Run().ErrorIds);

    [Fact]
    public void A_stopped_pipeline_ends_it()
    {
        RunningCmdlet running = new CmdletRunner<WatchVringCommand>().With(new { Server = new object[] { _session.All } }).InParameterSet("Server").Start();
        Assert.True(running.WaitFor(result => result.Output.Count > 0).Stop().Result(TimeSpan.FromSeconds(30)).Stopped);
    }

    private static CmdletRunner<WatchVringCommand> Watch(object parameters) => new CmdletRunner<WatchVringCommand>().With(parameters).InParameterSet("Server");
}
