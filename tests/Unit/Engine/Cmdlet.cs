using System.Management.Automation.Internal;

namespace System.Management.Automation;

/// <summary>The base of cmdlets: everything it does goes to the <see cref="CommandRuntime"/> it was given.</summary>
public abstract class Cmdlet : InternalCommand
{
    private ICommandRuntime? _commandRuntime;

    public ICommandRuntime? CommandRuntime
    {
        get => _commandRuntime;
        set => _commandRuntime = value;
    }

    /// <summary>False outside a pipeline, as in the real engine; a stop reaches a cmdlet through <see cref="StopProcessing"/>.</summary>
    public bool Stopping => false;

    protected virtual void BeginProcessing() { }

    protected virtual void ProcessRecord() { }

    protected virtual void EndProcessing() { }

    protected virtual void StopProcessing() { }

    public void WriteObject(object? sendToPipeline) => Runtime().WriteObject(sendToPipeline);

    public void WriteObject(object? sendToPipeline, bool enumerateCollection) => Runtime().WriteObject(sendToPipeline, enumerateCollection);

    public void WriteError(ErrorRecord errorRecord) => Runtime().WriteError(errorRecord);

    public void WriteVerbose(string text) => Runtime().WriteVerbose(text);

    public void WriteWarning(string text) => Runtime().WriteWarning(text);

    public void WriteDebug(string text) => Runtime().WriteDebug(text);

    public void WriteProgress(ProgressRecord progressRecord) => Runtime().WriteProgress(progressRecord);

    public void WriteInformation(InformationRecord informationRecord) => Runtime2().WriteInformation(informationRecord);

    public void WriteInformation(object? messageData, string[]? tags)
    {
        var record = new InformationRecord(messageData, CommandName);
        record.Tags.AddRange(tags ?? []);
        WriteInformation(record);
    }

    public bool ShouldProcess(string target) => CommandRuntime?.ShouldProcess(target) ?? true;

    public bool ShouldProcess(string target, string action) => CommandRuntime?.ShouldProcess(target, action) ?? true;

    public bool ShouldProcess(string verboseDescription, string verboseWarning, string caption) =>
        CommandRuntime?.ShouldProcess(verboseDescription, verboseWarning, caption) ?? true;

    public bool ShouldProcess(string verboseDescription, string verboseWarning, string caption, out ShouldProcessReason shouldProcessReason)
    {
        shouldProcessReason = ShouldProcessReason.None;
        return CommandRuntime?.ShouldProcess(verboseDescription, verboseWarning, caption, out shouldProcessReason) ?? true;
    }

    public bool ShouldContinue(string query, string caption) => CommandRuntime?.ShouldContinue(query, caption) ?? true;

    public bool ShouldContinue(string query, string caption, ref bool yesToAll, ref bool noToAll) =>
        CommandRuntime?.ShouldContinue(query, caption, ref yesToAll, ref noToAll) ?? true;

    public bool ShouldContinue(string query, string caption, bool hasSecurityImpact, ref bool yesToAll, ref bool noToAll) =>
        CommandRuntime is ICommandRuntime2 runtime
            ? runtime.ShouldContinue(query, caption, hasSecurityImpact, ref yesToAll, ref noToAll)
            : ShouldContinue(query, caption, ref yesToAll, ref noToAll);

    public void ThrowTerminatingError(ErrorRecord errorRecord)
    {
        ArgumentNullException.ThrowIfNull(errorRecord);
        if (CommandRuntime is null)
            throw errorRecord.Exception;
        CommandRuntime.ThrowTerminatingError(errorRecord);
    }

    private protected string CommandName
    {
        get
        {
            var attribute = (CmdletAttribute?)Attribute.GetCustomAttribute(GetType(), typeof(CmdletAttribute));
            return attribute is null ? "" : $"{attribute.VerbName}-{attribute.NounName}";
        }
    }

    private protected string BoundParameterSetName { get; private set; } = "";

    // The name that the real engine's binder uses; the tests' harness calls it on both engines.
    internal void SetParameterSetName(string parameterSetName) => BoundParameterSetName = parameterSetName;

    private ICommandRuntime Runtime() => CommandRuntime ?? throw new NotImplementedException("The cmdlet has no command runtime.");

    private ICommandRuntime2 Runtime2() =>
        CommandRuntime as ICommandRuntime2 ?? throw new NotImplementedException("The cmdlet's command runtime is no ICommandRuntime2.");
}
