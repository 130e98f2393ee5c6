using System.Management.Automation;
using System.Reflection;
using Xunit;

namespace VhostUser.Tests.Commands;

/// <summary>
/// The engine under the cmdlet tests works, and the stand-in works as the real one does; the hollow PowerShellStandard does not.
/// </summary>
public class EngineTests
{
    [Fact]
    public void The_loaded_engine_is_the_one_asked_for() => Assert.Equal(EngineLocation.Engine, typeof(Cmdlet).Assembly.Location);

    [Fact]
    public void A_switch_is_what_it_was_made_from()
    {
        Assert.True(new SwitchParameter(true).IsPresent);
        Assert.True((SwitchParameter)true == true);
        Assert.False((bool)default(SwitchParameter));
        Assert.Equal("True", SwitchParameter.Present.ToString());
    }

    [Fact]
    public void Attributes_remember_what_they_declare()
    {
        Assert.Equal("Get", new CmdletAttribute("Get", "Thing").VerbName);
        Assert.Equal(ParameterAttribute.AllParameterSets, new ParameterAttribute { ParameterSetName = "" }.ParameterSetName);
        Assert.Equal(["a", "b"], new AliasAttribute("a", "b").AliasNames);
        Assert.Equal([typeof(Version)], new OutputTypeAttribute(typeof(Version)).Type.Select(one => one.Type));
        Assert.Equal(ConfirmImpact.Medium, new CmdletAttribute("Set", "Thing") { SupportsShouldProcess = true }.ConfirmImpact);
        Assert.Equal(ConfirmImpact.None, new CmdletAttribute("Get", "Thing").ConfirmImpact);
    }

    [Fact]
    public void An_error_record_carries_everything()
    {
        var error = new ErrorRecord(new TimeoutException("late"), "Late", ErrorCategory.OperationTimeout, "ring0");
        Assert.Equal("Late", error.FullyQualifiedErrorId);
        Assert.Equal(("late", "ring0"), (error.Exception.Message, (string)error.TargetObject));
        Assert.Equal("OperationTimeout: (ring0:String) [], TimeoutException", error.CategoryInfo.ToString());
        Assert.Equal("late", error.ToString());
        error.ErrorDetails = new ErrorDetails("too late") { RecommendedAction = "Hurry." };
        Assert.Equal(("too late", "Hurry."), (error.ToString(), error.ErrorDetails.RecommendedAction));
        Assert.ThrowsAny<ArgumentNullException>(() => Ignore(new ErrorRecord(null, "Id", ErrorCategory.NotSpecified, null)));
    }

    [Fact]
    public void An_engine_exception_brings_its_error_record()
    {
        Assert.Equal(ErrorCategory.InvalidOperation, new PSInvalidOperationException("no").ErrorRecord.CategoryInfo.Category);
        Assert.Equal("RuntimeException", new RuntimeException("no").ErrorRecord.FullyQualifiedErrorId);
        Assert.IsAssignableFrom<RuntimeException>(new PipelineStoppedException());
    }

    [Fact]
    public void Records_refuse_what_cannot_be_shown()
    {
        Assert.Equal(-1, new ProgressRecord(1, "a", "s").PercentComplete);
        Assert.ThrowsAny<ArgumentException>(() => Ignore(new ProgressRecord(-1, "a", "s")));
        Assert.ThrowsAny<ArgumentException>(() => Ignore(new ProgressRecord(1, "", "s")));
        Assert.ThrowsAny<ArgumentException>(() => Ignore(new ProgressRecord(1, "a", "")));
        Assert.ThrowsAny<ArgumentException>(() => new ProgressRecord(1, "a", "s") { PercentComplete = 101 });
        Assert.ThrowsAny<ArgumentNullException>(() => Ignore(new CompletionResult("")));
        Assert.ThrowsAny<ArgumentNullException>(() => Ignore(new CompletionResult("a", "b", CompletionResultType.Text, "")));
    }

    [Fact]
    public void A_completion_result_carries_its_texts()
    {
        var result = new CompletionResult("'a b'", "a b", CompletionResultType.ParameterValue, "tip");
        Assert.Equal(("'a b'", "a b", "tip"), (result.CompletionText, result.ListItemText, result.ToolTip));
        var plain = new CompletionResult("x");
        Assert.Equal(("x", "x", CompletionResultType.Text), (plain.CompletionText, plain.ToolTip, plain.ResultType));
    }

    [Fact]
    public void A_wrapped_object_is_found_again()
    {
        var version = new Version(1, 2);
        Assert.Same(version, PSObject.AsPSObject(version).BaseObject);
        Assert.Equal("1.2", PSObject.AsPSObject(version).ToString());
        Assert.True(new PSObject(version).Equals(new Version(1, 2)));
    }

    [Fact]
    public void A_script_block_is_its_text() => Assert.Equal(" 1 + 1 ", ScriptBlock.Create(" 1 + 1 ").ToString());

    [Fact]
    public void Outside_a_pipeline_nothing_is_stopping() => Assert.False(new InvokeSampleCommand().Stopping);

    [Fact]
    public void Without_a_runtime_a_terminating_error_throws_its_exception() =>
        Assert.Throws<TimeoutException>(() => CmdletMethods.Process(new TestSampleCommand()));

    [Theory]
    [InlineData("vhost*", "VHost0", true)]
    [InlineData("vhost?", "vhost", false)]
    [InlineData("ring[0-3]", "ring2", true)]
    [InlineData("ring[0-3]", "ring4", false)]
    [InlineData("ring[^0]", "ring^", true)]
    [InlineData("ring[-a]", "ring-", true)]
    [InlineData("a`*", "a*", true)]
    [InlineData("a`*", "ab", false)]
    [InlineData("a.b", "axb", false)]
    [InlineData("", "", true)]
    [InlineData("*", "", true)]
    public void A_wildcard_pattern_matches_as_documented(string pattern, string input, bool matches) =>
        Assert.Equal(matches, WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase).IsMatch(input));

    [Fact]
    public void Wildcards_are_recognised_and_escaped()
    {
        Assert.True(WildcardPattern.ContainsWildcardCharacters("a[b]"));
        Assert.False(WildcardPattern.ContainsWildcardCharacters("a`*"));
        Assert.Equal("a`*`?`[b`]", WildcardPattern.Escape("a*?[b]"));
        Assert.False(new WildcardPattern("A").IsMatch("a"));
        Assert.Throws<WildcardPatternException>(() => new WildcardPattern("[a").IsMatch("a"));
    }

    public static TheoryData<ValidateArgumentsAttribute, object?, bool> Arguments => new()
    {
        { new ValidateRangeAttribute(1, 3), 3, true },
        { new ValidateRangeAttribute(1, 3), 4, false },
        { new ValidateRangeAttribute(1, 3), new[] { 1, 9 }, false },
        { new ValidateSetAttribute("a", "b"), "A", true },
        { new ValidateSetAttribute("a", "b") { IgnoreCase = false }, "A", false },
        { new ValidateNotNullAttribute(), "", true },
        { new ValidateNotNullAttribute(), null, false },
        { new ValidateNotNullOrEmptyAttribute(), "", false },
        { new ValidateNotNullOrEmptyAttribute(), Array.Empty<int>(), false },
        { new ValidateNotNullOrEmptyAttribute(), new[] { "a" }, true },
        { new ValidateCountAttribute(1, 2), new[] { 1, 2 }, true },
        { new ValidateCountAttribute(1, 2), new[] { 1, 2, 3 }, false },
        { new ValidateLengthAttribute(1, 2), "abc", false },
        { new ValidatePatternAttribute("^a+$"), "AA", true },
        { new ValidatePatternAttribute("^a+$"), "ab", false },
    };

    [Theory]
    [MemberData(nameof(Arguments))]
    public void A_validation_attribute_tells_good_from_bad(ValidateArgumentsAttribute attribute, object? argument, bool valid)
    {
        var error = Record.Exception(() => typeof(ValidateArgumentsAttribute)
            .GetMethod("Validate", BindingFlags.Instance | BindingFlags.NonPublic, [typeof(object), typeof(EngineIntrinsics)])!
            .Invoke(attribute, BindingFlags.DoNotWrapExceptions, null, [argument, null], null));
        if (valid)
            Assert.Null(error);
        else
            Assert.IsType<ValidationMetadataException>(error);
    }

    private static void Ignore(object value) => GC.KeepAlive(value);
}
