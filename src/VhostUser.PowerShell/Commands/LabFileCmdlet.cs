using System.Collections;
using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.LabFiles;
using VhostUser.Labs;

namespace VhostUser.Commands;

/// <summary>What cmdlets share that read a lab from a file or a table.</summary>
public abstract class LabFileCmdlet : VhostCmdlet
{
    private protected const string PathSet = "Path";
    private protected const string DefinitionSet = "Definition";

    /// <summary>Path of the lab file, a .psd1.</summary>
    [Parameter(ParameterSetName = PathSet, Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("FullName")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>The lab as a table, as Import-PowerShellDataFile returns it.</summary>
    [Parameter(ParameterSetName = DefinitionSet, Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNull]
    public IDictionary Definition { get; set; } = null!;

    /// <summary>Which of the lab's hosts this machine is; found by the machine's name when not given.</summary>
    [Parameter]
    public string? HostName { get; set; }

    private protected LabSource Source { get; private set; } = null!;

    /// <summary>The part of the lab for this host, or null when there are errors, which were written.</summary>
    private protected Lab? ReadLab() => ReadWholeLab()?.On(HostName, Environment.MachineName);

    /// <summary>The lab of all hosts, or null when there are errors, which were written.</summary>
    private protected Lab? ReadWholeLab()
    {
        Source = ParameterSetName == PathSet ? LabFile.Read(UserPath.Resolve(this, Path)) : LabSource.Of(Definition);
        Lab lab = Source.Read(out IReadOnlyList<VhostException> problems);
        foreach (VhostException problem in problems) WriteError(ErrorRecords.Create(problem));
        return problems.Count == 0 ? lab : null;
    }
}
