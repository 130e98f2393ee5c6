using VhostUser.Commands;
using VhostUser.Endpoints;
using Xunit;

namespace VhostUser.Tests.Commands;

public sealed class AnnouncementCommandTests : IDisposable
{
    private readonly ModuleSession _session = new();

    public AnnouncementCommandTests()
    {
        foreach (string region in new[] { "lab", "old" }) new CmdletRunner<NewVhostSharedRegionCommand>().With(new { Name = _session.Name(region), Size = "16MB" }).Run();
        new CmdletRunner<StartVhostServerCommand>().With(new { Name = _session.Name("sw"), Path = _session.Socket(), Mode = "Echo", ControlQueue = true }).Run();
    }

    public void Dispose() => _session.Dispose();

    [Fact]
    public void A_guest_that_takes_part_announces_itself()
    {
        Assert.Empty(Connect(new { Name = _session.Name("vm"), Path = _session.Socket(), Region = _session.Name("lab"), Feature = "GuestAnnounce", MacAddress = "02:00:00:00:00:07", IPAddress = "10.0.0.7" }).ErrorIds);
        Assert.Empty(Request(new { Server = _session.Name("sw") }).ErrorIds);
        CmdletResult received = new CmdletRunner<ReceiveVringPacketCommand>().With(new { Client = _session.Name("vm"), Count = 2, Timeout = 10 }).Run();
        Assert.Equal(2, received.Output.Count);
    }

    [Fact]
    public void A_server_without_a_guest_or_with_one_that_takes_no_part_is_an_error()
    {
        Assert.Equal([nameof(VhostError.PeerDisconnected)], Request(new { Server = _session.Name("sw") }).ErrorIds);
        Assert.Empty(Connect(new { Name = _session.Name("vm"), Path = _session.Socket(), Region = _session.Name("lab") }).ErrorIds);
        Assert.Equal([nameof(VhostError.RequestNotNegotiated)], Request(new { Server = _session.Name("sw") }).ErrorIds);
    }

    [Fact]
    public void WhatIf_asks_nobody() =>
        Assert.Empty(new CmdletRunner<RequestVhostAnnouncementCommand>().With(new { Server = _session.Name("sw") }).WhatIf().Run().ErrorIds);

    [Fact]
    public void A_client_that_would_take_pages_from_its_own_region_is_refused() =>
        Assert.Equal([nameof(VhostError.InvalidArgument)], Connect(new { Name = _session.Name("vm"), Path = _session.Socket(), Region = _session.Name("lab"), PostcopyFrom = _session.Name("lab") }).ErrorIds);

    [Fact]
    public void Set_VhostClient_without_anything_to_set_says_so()
    {
        Connect(new { Name = _session.Name("vm"), Path = _session.Socket(), Region = _session.Name("lab"), Feature = "CtrlVq" });
        CmdletResult result = new CmdletRunner<SetVhostClientCommand>().With(new { Client = _session.Name("vm") }).Run();
        Assert.Equal([nameof(VhostError.InvalidArgument)], result.ErrorIds);
    }

    [Fact]
    public void A_payload_may_be_hex_text()
    {
        Connect(new { Name = _session.Name("vm"), Path = _session.Socket(), Region = _session.Name("lab") });
        CmdletResult result = new CmdletRunner<SendVhostRequestCommand>().With(new { Client = _session.Name("vm"), Request = "SEND_RARP", Payload = "02 00 00 00 00 09 00 00", NeedReply = true }).Run();
        Assert.Equal(0ul, Assert.IsType<VhostRequestResult>(Assert.Single(result.Output)).Value);
        VhostServerInfo server = Assert.IsType<VhostServerInfo>(Assert.Single(new CmdletRunner<GetVhostServerCommand>().With(new { Name = _session.Name("sw") }).Run().Output));
        Assert.Equal("02:00:00:00:00:09", server.LastAnnounced);
    }

    private static CmdletResult Connect(object parameters) => new CmdletRunner<ConnectVhostClientCommand>().With(parameters).Run();

    private static CmdletResult Request(object parameters) => new CmdletRunner<RequestVhostAnnouncementCommand>().With(parameters).Run();
}
