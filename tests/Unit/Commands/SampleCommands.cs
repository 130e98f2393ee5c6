using System.Management.Automation;

namespace VhostUser.Tests.Commands;

/// <summary>Writes what it is given, to every stream.</summary>
[Cmdlet(VerbsCommunications.Write, "Sample")]
public sealed class WriteSampleCommand : PSCmdlet
{
    [Parameter(ValueFromPipeline = true)]
    [ValidateRange(0, 9)]
    public int Number { get; set; } = -1;

    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Label")]
    public string? Name { get; set; }

    [Parameter]
    public SwitchParameter Enumerate { get; set; }

    protected override void BeginProcessing() => WriteVerbose("begin");

    protected override void ProcessRecord()
    {
        if (Enumerate)
        {
            WriteObject(new[] { 1, 2 }, enumerateCollection: true);
            WriteObject(new[] { 1, 2 });
        }
        else
        {
            WriteObject($"{Number} {Name}");
        }
    }

    protected override void EndProcessing()
    {
        WriteWarning("end");
        WriteDebug("detail");
        WriteProgress(new ProgressRecord(1, "activity", "status") { PercentComplete = 50 });
        WriteInformation("note", ["tag"]);
        WriteError(new ErrorRecord(new InvalidOperationException("no"), "SampleRefused", ErrorCategory.InvalidOperation, this));
    }
}

/// <summary>Asks before it acts.</summary>
[Cmdlet(VerbsCommon.Remove, "Sample", SupportsShouldProcess = true)]
public sealed class RemoveSampleCommand : Cmdlet
{
    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void ProcessRecord()
    {
        if (ShouldProcess("sample", "remove") && (Force || ShouldContinue("Really?", "Remove")))
            WriteObject("removed");
    }
}

/// <summary>Ends the pipeline with an error, and disposes of itself.</summary>
[Cmdlet(VerbsDiagnostic.Test, "Sample")]
public sealed class TestSampleCommand : Cmdlet, IDisposable
{
    public bool Disposed { get; private set; }

    public void Dispose() => Disposed = true;

    protected override void ProcessRecord()
    {
        ThrowTerminatingError(new ErrorRecord(new TimeoutException("late"), "SampleLate", ErrorCategory.OperationTimeout, null));
        WriteObject("never");
    }
}

/// <summary>Blocks until it is stopped, then tries to write once more.</summary>
[Cmdlet(VerbsLifecycle.Wait, "Sample")]
public sealed class WaitSampleCommand : Cmdlet, IDisposable
{
    private readonly ManualResetEventSlim _stop = new();

    public void Dispose() => _stop.Dispose();

    protected override void ProcessRecord()
    {
        WriteVerbose("waiting");
        _stop.Wait();
        WriteObject("after the stop");
    }

    protected override void StopProcessing() => _stop.Set();
}

/// <summary>Tells which of its two parameter sets it is called with and where a path leads.</summary>
[Cmdlet(VerbsDiagnostic.Resolve, "Sample", DefaultParameterSetName = "ByName")]
public sealed class ResolveSampleCommand : PSCmdlet
{
    [Parameter(ParameterSetName = "ByName")]
    public string? Name { get; set; }

    [Parameter(ParameterSetName = "ByPath", Mandatory = true)]
    public string? Path { get; set; }

    protected override void ProcessRecord()
    {
        WriteObject(ParameterSetName);
        WriteObject(string.Join(",", MyInvocation.BoundParameters.Keys));
        WriteObject(MyInvocation.MyCommand.Name);
        if (Path is not null)
            WriteObject(SessionState.Path.GetUnresolvedProviderPathFromPSPath(Path));
    }
}

/// <summary>Lets an exception escape.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "Sample")]
public sealed class InvokeSampleCommand : Cmdlet
{
    protected override void ProcessRecord() => throw new NotSupportedException("escaped");
}
