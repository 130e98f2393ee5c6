using VhostUser.Commands;
using VhostUser.Endpoints;
using Xunit;

namespace VhostUser.Tests.Commands;

public sealed class ClientRegionCommandTests : IDisposable
{
    private readonly ModuleSession _session = new();

    public ClientRegionCommandTests()
    {
        foreach (string region in new[] { "lab", "more" }) new CmdletRunner<NewVhostSharedRegionCommand>().With(new { Name = _session.Name(region), Size = "16MB" }).Run();
        new CmdletRunner<StartVhostServerCommand>().With(new { Name = _session.Name("sw"), Path = _session.Socket(), Mode = "Echo" }).Run();
        new CmdletRunner<ConnectVhostClientCommand>().With(new { Name = _session.Name("vm"), Path = _session.Socket(), Region = _session.Name("lab") }).Run();
    }

    public void Dispose() => _session.Dispose();

    [Fact]
    public void A_region_is_added_and_taken_back()
    {
        Assert.Empty(Add("more").ErrorIds);
        Assert.Equal([_session.Name("lab"), _session.Name("more")], Regions());
        Assert.Equal([nameof(VhostError.InvalidArgument)], Add("more").ErrorIds);
        Assert.Empty(Remove("more").ErrorIds);
        Assert.Equal([nameof(VhostError.RegionInUse)], Remove("lab").ErrorIds);
        Assert.Equal([_session.Name("lab")], Regions());
    }

    [Fact]
    public void WhatIf_changes_nothing()
    {
        Assert.Single(new CmdletRunner<AddVhostClientRegionCommand>().With(new { Client = _session.Name("vm"), Region = _session.Name("more") }).WhatIf().Run().ShouldProcess);
        Assert.Single(new CmdletRunner<RemoveVhostClientRegionCommand>().With(new { Client = _session.Name("vm"), Region = _session.Name("lab") }).WhatIf().Run().ShouldProcess);
        Assert.Equal([_session.Name("lab")], Regions());
    }

    private CmdletResult Add(string region) => new CmdletRunner<AddVhostClientRegionCommand>().With(new { Client = _session.Name("vm"), Region = _session.Name(region) }).Run();

    private CmdletResult Remove(string region) => new CmdletRunner<RemoveVhostClientRegionCommand>().With(new { Client = _session.Name("vm"), Region = _session.Name(region) }).Run();

    private string[] Regions() => Assert.IsType<VhostClientInfo>(Assert.Single(new CmdletRunner<GetVhostClientCommand>().With(new { Name = _session.Name("vm") }).Run().Output)).RegionNames;
}
