using VhostUser.Commands;
using VhostUser.Memory;
using Xunit;

namespace VhostUser.Tests.Commands;

public sealed class DirtyLogCommandTests : IDisposable
{
    private readonly ModuleSession _session = new();

    public DirtyLogCommandTests()
    {
        new CmdletRunner<NewVhostSharedRegionCommand>().With(new { Name = _session.Name("lab"), Size = "16MB" }).Run();
        new CmdletRunner<StartVhostServerCommand>().With(new { Name = _session.Name("sw"), Path = _session.Socket(), Mode = "Echo" }).Run();
        new CmdletRunner<ConnectVhostClientCommand>().With(new { Name = _session.Name("vm"), Path = _session.Socket(), Region = _session.Name("lab") }).Run();
    }

    public void Dispose() => _session.Dispose();

    [Fact]
    public void A_log_is_started_read_and_stopped()
    {
        Assert.Empty(new CmdletRunner<StartVhostDirtyLogCommand>().With(new { Client = _session.Name("vm"), Notify = true }).Run().ErrorIds);
        new CmdletRunner<SendVringPacketCommand>().With(new { Client = _session.Name("vm"), InputObject = new byte[60] }).Run();
        var ranges = Read(new { Client = _session.Name("vm"), Timeout = 10 });
        Assert.Empty(ranges.ErrorIds);
        Assert.All(ranges.Output, row => Assert.Equal(_session.Name("lab"), Assert.IsType<DirtyRange>(row).Region));
        Assert.Empty(new CmdletRunner<StopVhostDirtyLogCommand>().With(new { Client = _session.Name("vm") }).Run().ErrorIds);
        Assert.Equal([nameof(VhostError.RequestOutOfOrder)], Read(new { Client = _session.Name("vm") }).ErrorIds);
    }

    [Fact]
    public void WhatIf_starts_and_stops_nothing()
    {
        Assert.Single(new CmdletRunner<StartVhostDirtyLogCommand>().With(new { Client = _session.Name("vm") }).WhatIf().Run().ShouldProcess);
        Assert.Equal([nameof(VhostError.RequestOutOfOrder)], Read(new { Client = _session.Name("vm") }).ErrorIds);
        Assert.Single(new CmdletRunner<StopVhostDirtyLogCommand>().With(new { Client = _session.Name("vm") }).WhatIf().Run().ShouldProcess);
    }

    private static CmdletResult Read(object parameters) => new CmdletRunner<GetVhostDirtyLogCommand>().With(parameters).Run();
}
