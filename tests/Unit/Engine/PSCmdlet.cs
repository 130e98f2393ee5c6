using System.Management.Automation.Host;

namespace System.Management.Automation;

/// <summary>A cmdlet that also sees how it was called and where it runs.</summary>
public abstract class PSCmdlet : Cmdlet
{
    private InvocationInfo? _invocation;

    public InvocationInfo MyInvocation => _invocation ??= new InvocationInfo(new CmdletInfo(CommandName, GetType()));

    public string ParameterSetName => BoundParameterSetName;

    public SessionState SessionState { get; } = new();

    public CommandInvocationIntrinsics InvokeCommand { get; } = new();

    public PSHost? Host => CommandRuntime?.Host;

    public string GetUnresolvedProviderPathFromPSPath(string path) => SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);
}
