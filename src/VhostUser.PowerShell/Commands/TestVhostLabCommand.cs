using System.Management.Automation;

namespace VhostUser.Commands;

/// <summary>Checks a lab file without making anything.</summary>
[Cmdlet(VerbsDiagnostic.Test, "VhostLab", DefaultParameterSetName = PathSet)]
[OutputType(typeof(bool))]
public sealed class TestVhostLabCommand : LabFileCmdlet
{
    /// <summary>Checks one lab; each thing that is wrong is an error of its own.</summary>
    protected override void ProcessRecord()
    {
        bool good = false;
        Guard(() => good = ReadLab() is not null);
        WriteObject(good);
    }
}
