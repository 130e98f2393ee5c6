using System.Management.Automation;
using VhostUser.Memory;
using VhostUser.Handles;

namespace VhostUser.Arguments;

/// <summary>A region: its name, a pattern, a <see cref="SharedRegion"/> or a <see cref="SharedRegionInfo"/>.</summary>
public sealed class RegionArgument : HandleArgument<SharedRegion>
{
    /// <summary>A region by name or pattern.</summary>
    public RegionArgument(string name) : base(name) { }

    /// <summary>A live region.</summary>
    public RegionArgument(SharedRegion region) : base(region?.Name ?? throw new ArgumentNullException(nameof(region)), region) { }

    /// <summary>A region of this process, by its photograph.</summary>
    public RegionArgument(SharedRegionInfo info) : base(info?.Name ?? throw new ArgumentNullException(nameof(info)), info.HandleId) { }

    /// <summary>Anything with a Name; a copy from another process is refused when it is used.</summary>
    public RegionArgument(PSObject value) : base(value) { }

    private protected override Guid IdOf(SharedRegion region) => region.HandleId;

    private protected override string Kind => "region";

    private protected override HandleTable<SharedRegion> Table => LiveHandles.Regions;
}
