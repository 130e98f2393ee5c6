using System.Management.Automation;
using Xunit;

namespace VhostUser.Tests.Commands;

/// <summary>The harness records what a cmdlet does, on both engines.</summary>
public class CmdletRunnerTests
{
    [Fact]
    public void Every_stream_is_recorded()
    {
        var result = new CmdletRunner<WriteSampleCommand>().With(new { Number = 3, Name = "three" }).Run();

        Assert.Equal("3 three", result.Single<string>());
        Assert.Equal(["begin"], result.Verbose);
        Assert.Equal(["end"], result.Warnings);
        Assert.Equal(["detail"], result.Debug);
        Assert.Equal(50, Assert.Single(result.Progress).PercentComplete);
        var note = Assert.Single(result.Information);
        Assert.Equal(("note", "Write-Sample", "tag"), ((string)note.MessageData, note.Source, Assert.Single(note.Tags)));
        Assert.Equal(["SampleRefused"], result.ErrorIds);
        Assert.Equal(ErrorCategory.InvalidOperation, result.Errors[0].CategoryInfo.Category);
        Assert.IsType<InvalidOperationException>(result.Errors[0].Exception);
        Assert.IsType<WriteSampleCommand>(result.Errors[0].TargetObject);
        Assert.Null(result.TerminatingError);
        Assert.False(result.Stopped);
    }

    [Fact]
    public void A_collection_is_enumerated_only_when_asked()
    {
        var result = new CmdletRunner<WriteSampleCommand>().With(new { Enumerate = true }).Run();
        Assert.Equal([1, 2, new[] { 1, 2 }], result.Output);
    }

    [Fact]
    public void A_dictionary_and_an_alias_bind_as_well()
    {
        var parameters = new Dictionary<string, object> { ["label"] = "x", ["number"] = "4" };
        var result = new CmdletRunner<WriteSampleCommand>().With(parameters).Run();
        Assert.Equal("4 x", result.Single<string>());
    }

    [Fact]
    public void A_property_set_directly_is_seen()
    {
        var result = new CmdletRunner<WriteSampleCommand>().Set(cmdlet => cmdlet.Name = "direct").Run();
        Assert.Equal("-1 direct", result.Single<string>());
    }

    [Fact]
    public void An_unknown_parameter_is_refused() =>
        Assert.Throws<ArgumentException>(() => new CmdletRunner<WriteSampleCommand>().With(new { Nmae = "x" }));

    [Fact]
    public void A_validation_attribute_is_obeyed() =>
        Assert.Throws<ValidationMetadataException>(() => new CmdletRunner<WriteSampleCommand>().With(new { Number = 10 }));

    [Fact]
    public void Pipeline_input_binds_by_value_then_by_property_and_is_forgotten_between_records()
    {
        var result = new CmdletRunner<WriteSampleCommand>().RunOver(1, new { Label = "two" }, "3");
        Assert.Equal(["1 ", "-1 two", "3 "], result.Output);
        Assert.Equal(["begin"], result.Verbose);
    }

    [Fact]
    public void Input_that_nothing_takes_is_an_error_and_no_record()
    {
        var result = new CmdletRunner<WriteSampleCommand>().RunOver("three", 3);
        Assert.Equal(["InputObjectNotBound", "SampleRefused"], result.ErrorIds);
        Assert.Equal(["3 "], result.Output);
    }

    [Fact]
    public void An_empty_pipeline_begins_and_ends_without_a_record()
    {
        var result = new CmdletRunner<WriteSampleCommand>().RunOver();
        Assert.Empty(result.Output);
        Assert.Equal(["end"], result.Warnings);
    }

    [Fact]
    public void ShouldProcess_is_asked_and_yes_acts()
    {
        var result = new CmdletRunner<RemoveSampleCommand>().Run();
        Assert.Equal([new ShouldProcessQuestion("sample", "remove")], result.ShouldProcess);
        Assert.Equal(["Really?"], result.ShouldContinue);
        Assert.Equal("removed", result.Single<string>());
    }

    [Fact]
    public void WhatIf_asks_and_does_nothing()
    {
        var result = new CmdletRunner<RemoveSampleCommand>().WhatIf().Run();
        Assert.Single(result.ShouldProcess);
        Assert.Empty(result.Output);
    }

    [Fact]
    public void A_no_to_either_question_does_nothing()
    {
        Assert.Empty(new CmdletRunner<RemoveSampleCommand>().Answer(shouldProcess: false).Run().Output);
        Assert.Empty(new CmdletRunner<RemoveSampleCommand>().Answer(shouldContinue: false).Run().Output);
    }

    [Fact]
    public void Force_saves_the_second_question()
    {
        var result = new CmdletRunner<RemoveSampleCommand>().With(new { Force = true }).Answer(shouldContinue: false).Run();
        Assert.Empty(result.ShouldContinue);
        Assert.Equal("removed", result.Single<string>());
    }

    [Fact]
    public void A_terminating_error_ends_the_cmdlet_which_is_disposed()
    {
        var runner = new CmdletRunner<TestSampleCommand>();
        var result = runner.Run();
        Assert.Equal("SampleLate", result.TerminatingErrorId);
        Assert.Empty(result.Output);
        Assert.False(result.Stopped);
        Assert.True(runner.Cmdlet.Disposed);
    }

    [Fact]
    public void An_escaping_exception_reaches_the_test() =>
        Assert.Throws<NotSupportedException>(() => new CmdletRunner<InvokeSampleCommand>().Run());

    [Fact]
    public void A_blocked_cmdlet_is_stopped_from_another_thread()
    {
        var running = new CmdletRunner<WaitSampleCommand>().Start().WaitFor(so => so.Verbose.Contains("waiting"));
        Assert.Throws<TimeoutException>(() => running.Result(TimeSpan.FromMilliseconds(50)));

        var result = running.Stop().Result();
        Assert.True(result.Stopped);
        Assert.Empty(result.Output);
    }

    [Theory]
    [InlineData("Name", "ByName")]
    [InlineData("Path", "ByPath")]
    public void The_parameter_set_and_the_invocation_follow_from_what_is_bound(string parameter, string set)
    {
        var result = new CmdletRunner<ResolveSampleCommand>().With(new Dictionary<string, object> { [parameter] = "x" }).Run();
        Assert.Equal([set, parameter, "Resolve-Sample"], result.Output.Take(3));
    }

    [Fact]
    public void Parameters_of_two_sets_do_not_go_together() =>
        Assert.Throws<InvalidOperationException>(() => new CmdletRunner<ResolveSampleCommand>().With(new { Name = "x", Path = "y" }).Run());

    [Theory]
    [InlineData("/a/../b", "/b")]
    [InlineData("FileSystem::/a", "/a")]
    public void A_path_resolves_in_the_session(string path, string resolved)
    {
        var result = new CmdletRunner<ResolveSampleCommand>().With(new { Path = path }).Run();
        Assert.Equal(resolved, result.Output[3]);
    }

    [Fact]
    public void A_relative_path_starts_at_the_process_directory()
    {
        var result = new CmdletRunner<ResolveSampleCommand>().With(new { Path = "x.sock" }).Run();
        Assert.Equal(Path.Combine(Environment.CurrentDirectory, "x.sock"), result.Output[3]);
    }
}
