using VhostUser.Memory;
using Xunit;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>A region and a socket path for a client that is attacked by its back-end; afterwards the process holds what it held before.</summary>
[Collection(HostileCollection.Name)]
public abstract class HostileBackEndTest : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;
    private readonly ResourceCount _before = ResourceCount.Take();

    private protected SharedRegion Region { get; } = SharedRegion.Create(new SharedRegionOptions { Name = "victim", Size = 4 << 20 });

    protected string SocketPath => System.IO.Path.Combine(_directory, "b.sock");

    public void Dispose()
    {
        Region.Dispose();
        _before.AssertRestored();
        Directory.Delete(_directory, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>All memory of the region is free again, and no client has it.</summary>
    protected void AssertRegionIsFree()
    {
        Assert.Equal(0, Region.Snapshot().Used);
        Assert.Empty(Region.Snapshot().Clients);
    }
}
