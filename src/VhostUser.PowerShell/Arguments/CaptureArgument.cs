using System.Management.Automation;
using VhostUser.Endpoints;
using VhostUser.Handles;

namespace VhostUser.Arguments;

/// <summary>A capture: its name, a pattern, a <see cref="VhostCapture"/> or a <see cref="VhostCaptureInfo"/>.</summary>
public sealed class CaptureArgument : HandleArgument<VhostCapture>
{
    /// <summary>A capture by name or pattern.</summary>
    public CaptureArgument(string name) : base(name) { }

    /// <summary>A live capture.</summary>
    public CaptureArgument(VhostCapture capture) : base(capture?.Name ?? throw new ArgumentNullException(nameof(capture)), capture) { }

    /// <summary>A capture of this process, by its photograph.</summary>
    public CaptureArgument(VhostCaptureInfo info) : base(info?.Name ?? throw new ArgumentNullException(nameof(info)), info.HandleId) { }

    /// <summary>Anything with a Name; a copy from another process is refused when it is used.</summary>
    public CaptureArgument(PSObject value) : base(value) { }

    private protected override Guid IdOf(VhostCapture capture) => capture.HandleId;

    private protected override string Kind => "capture";

    private protected override HandleTable<VhostCapture> Table => LiveHandles.Captures;
}
