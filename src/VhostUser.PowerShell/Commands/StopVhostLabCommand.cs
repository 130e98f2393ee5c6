using System.Management.Automation;
using System.Management.Automation.Runspaces;
using VhostUser.Arguments;
using VhostUser.Handles;
using VhostUser.LabFiles;
using VhostUser.Labs;

namespace VhostUser.Commands;

/// <summary>Takes labs down: clients first, regions last; what the lab did not make is left alone.</summary>
[Cmdlet(VerbsLifecycle.Stop, "VhostLab", SupportsShouldProcess = true)]
[OutputType(typeof(VhostLabInfo))]
public sealed class StopVhostLabCommand : VhostCmdlet
{
    /// <summary>Names, patterns or photographs of labs, or the paths of their files.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Path")]
    [ArgumentCompleter(typeof(LabNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public LabArgument[] Name { get; set; } = [];

    /// <summary>Writes the last photograph of each lab.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>PSSessions in which the labs are taken down, instead of in this process.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public PSSession[]? Session { get; set; }

    /// <summary>Takes down what one record names.</summary>
    protected override void ProcessRecord()
    {
        foreach (LabArgument name in Name)
        {
            if (Session is not null)
            {
                StopInSessions(name.Name, Session);
                continue;
            }
            Guard(() =>
            {
                foreach (RunningLab lab in Find(name)) Guard(() => Stop(lab), lab.Name);
            }, name.Name);
        }
    }

    private void StopInSessions(string name, PSSession[] sessions)
    {
        bool whatIf = MyInvocation.BoundParameters.TryGetValue("WhatIf", out object? given) && (given as SwitchParameter?) == true;
        foreach (PSSession session in sessions)
            WriteObject(InvokeCommand.InvokeScript(LabSessions.StopScript, true, PipelineResultTypes.None, null, session, name, whatIf, PassThru.ToBool()), enumerateCollection: true);
    }

    private IReadOnlyList<RunningLab> Find(LabArgument name)
    {
        if (!name.Name.EndsWith(".psd1", StringComparison.OrdinalIgnoreCase)) return name.ResolveAll();
        string path = UserPath.Resolve(this, name.Name);
        RunningLab[] found = [.. LiveHandles.Labs.Find("*").Where(lab => lab.Path == path)];
        return found.Length > 0 ? found : throw new VhostException(VhostError.HandleNotFound, $"No lab of this process was brought up from '{path}'.", name.Name, "Get-VhostLab lists the labs and their files.");
    }

    private void Stop(RunningLab lab)
    {
        VhostLabInfo last = lab.Snapshot();
        foreach (LabStep step in lab.PlanToClose())
        {
            if (ShouldProcess($"{step.Kind.ToString().ToLowerInvariant()} {step.Name}", "Remove")) Guard(() => lab.Undo(step), step.Name);
        }
        if (PassThru && lab.IsGone) WriteObject(last);
    }
}
