using System.Management.Automation;
using VhostUser.Handles;
using VhostUser.LabFiles;
using VhostUser.Labs;

namespace VhostUser.Arguments;

/// <summary>A lab: its name, a pattern, the path of its file, or a <see cref="VhostLabInfo"/>.</summary>
public sealed class LabArgument : HandleArgument<RunningLab>
{
    /// <summary>A lab by name or pattern, or by its file.</summary>
    public LabArgument(string name) : base(name) { }

    /// <summary>A lab of this process, by its photograph.</summary>
    public LabArgument(VhostLabInfo info) : base(info?.Name ?? throw new ArgumentNullException(nameof(info)), info.HandleId) { }

    /// <summary>Anything with a Name; a copy from another process is refused when it is used.</summary>
    public LabArgument(PSObject value) : base(value) { }

    private protected override string Kind => "lab";

    private protected override Guid IdOf(RunningLab lab) => lab.HandleId;

    private protected override HandleTable<RunningLab> Table => LiveHandles.Labs;
}

/// <summary>Completes the names of labs.</summary>
public sealed class LabNameCompleter : HandleNameCompleter
{
    private protected override IEnumerable<string> Names => LiveHandles.Labs.Names;
}
