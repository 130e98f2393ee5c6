using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using VhostUser.Arguments;
using VhostUser.Handles;
using VhostUser.LabFiles;
using VhostUser.Labs;

namespace VhostUser.Commands;

/// <summary>Brings a lab to what its file says: what is right is kept, the rest is made, changed or taken down.</summary>
[Cmdlet(VerbsLifecycle.Start, "VhostLab", DefaultParameterSetName = PathSet, SupportsShouldProcess = true)]
[OutputType(typeof(LabStep))]
public sealed class StartVhostLabCommand : LabFileCmdlet
{
    /// <summary>The folder that relative paths of the lab start from: the file's own when not given, and the current one for a table.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Folder { get; set; }

    /// <summary>PSSessions to the lab's hosts: each host's part is made in the session that has the host's name, or connects to its HostName.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public PSSession[]? Session { get; set; }

    /// <summary>Brings up one lab.</summary>
    protected override void ProcessRecord() => Guard(() =>
    {
        if (Session is not null)
        {
            StartInSessions(Session);
            return;
        }
        if (ReadLab() is not Lab lab) return;
        RunningLab running = LiveHandles.Labs.TryGet(lab.Name) ?? new RunningLab(lab.Name, Source.Path);
        IReadOnlyList<LabStep> steps = LabPlan.Between(lab, running.Present());
        LabNames.Check(lab.Name, steps);
        if (Do(lab, running, steps)) return;
        WriteWarning($"Lab '{lab.Name}' is not complete. Start-VhostLab goes on from here when the cause is mended; Stop-VhostLab {lab.Name} takes down what is there.");
    });

    private bool Do(Lab lab, RunningLab running, IReadOnlyList<LabStep> steps)
    {
        foreach (LabStep step in steps)
        {
            string kind = step.Kind.ToString().ToLowerInvariant();
            if (step.Action != LabAction.Keep)
            {
                if (!ShouldProcess($"{kind} {step.Name}", $"{step.Action}: {step.Detail}")) continue;
                if (LiveHandles.Labs.TryGet(lab.Name) != running) LiveHandles.Labs.Add(lab.Name, () => running);
                running.Path = Source.Path;
                if (!Guard(() => running.Do(step, lab, Resolve, Cancel), step.Name)) return false;
            }
            WriteObject(step);
        }
        return true;
    }

    private void StartInSessions(PSSession[] sessions)
    {
        if (ReadWholeLab() is not Lab lab) return;
        (string Host, PSSession Session)[] pairs = [.. LabSessions.Match(lab, sessions, session => session.Name, session => session.ComputerName)];
        Hashtable definition = Source.Named(lab.Name);
        bool whatIf = MyInvocation.BoundParameters.TryGetValue("WhatIf", out object? given) && (given as SwitchParameter?) == true;
        foreach ((string host, PSSession session) in pairs)
            WriteObject(InvokeCommand.InvokeScript(LabSessions.StartScript, true, PipelineResultTypes.None, null, session, definition, host, Folder, whatIf), enumerateCollection: true);
    }

    private string Resolve(string path)
    {
        string folder = Folder is not null ? UserPath.Resolve(this, Folder) : Source.Path is string file ? System.IO.Path.GetDirectoryName(file)! : UserPath.Resolve(this, ".");
        return UserPath.ResolveSocket(this, System.IO.Path.GetFullPath(path, folder));
    }
}
