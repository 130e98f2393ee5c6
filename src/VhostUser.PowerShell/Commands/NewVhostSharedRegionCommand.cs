using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Handles;
using VhostUser.Memory;

namespace VhostUser.Commands;

/// <summary>Makes memory that clients share with their back-ends.</summary>
[Cmdlet(VerbsCommon.New, "VhostSharedRegion", SupportsShouldProcess = true)]
[OutputType(typeof(SharedRegion))]
public sealed class NewVhostSharedRegionCommand : VhostCmdlet
{
    /// <summary>Name of the region, unique in this process.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    public string Name { get; set; } = "";

    /// <summary>Size in bytes, also as '64MB'; rounded up to whole pages.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ByteSize]
    public long Size { get; set; }

    /// <summary>What the region is made of.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public RegionBacking Backing { get; set; }

    /// <summary>Size of huge pages, 2MB or 1GB, for backing Memfd.</summary>
    [Parameter]
    [ByteSize]
    public long HugePage { get; set; }

    /// <summary>Path of the file (backing File), or name of the object (backing Shm).</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Path { get; set; }

    /// <summary>Guest-physical address of the first byte; chosen when not given.</summary>
    [Parameter]
    public ulong? GuestAddress { get; set; }

    /// <summary>Front-end user address of the first byte; chosen when not given.</summary>
    [Parameter]
    public ulong? UserAddress { get; set; }

    /// <summary>Makes one region.</summary>
    protected override void ProcessRecord()
    {
        if (!ShouldProcess($"{Name}, {Size} bytes, {Backing}", "Make shared region")) return;
        Guard(() =>
        {
            HandleName.Check(Name);
            WriteObject(LiveHandles.Regions.Add(Name, Create));
        }, Name);
    }

    private SharedRegion Create() => SharedRegion.Create(new SharedRegionOptions
    {
        Name = Name,
        Size = Size,
        Backing = Backing,
        HugePageSize = HugePage,
        Path = Backing == RegionBacking.File && Path is not null ? UserPath.Resolve(this, Path) : Path,
        GuestAddress = GuestAddress,
        UserAddress = UserAddress,
    });
}
