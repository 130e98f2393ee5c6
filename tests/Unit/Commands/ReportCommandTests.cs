using VhostUser.Commands;
using Xunit;

namespace VhostUser.Tests.Commands;

/// <summary>Export-VringReport on a live link.</summary>
public sealed class ReportCommandTests : IDisposable
{
    private readonly ModuleSession _session = new();

    public ReportCommandTests()
    {
        Assert.Empty(new CmdletRunner<NewVhostSharedRegionCommand>().With(new { Name = _session.Name("lab"), Size = 8 << 20 }).Run().Errors);
        Assert.Empty(new CmdletRunner<StartVhostServerCommand>().With(new { Name = _session.Name("sw0"), Path = _session.Socket() }).Run().Errors);
        Assert.Empty(new CmdletRunner<ConnectVhostClientCommand>().With(new { Name = _session.Name("vm0"), Path = _session.Socket(), Region = new object[] { _session.Name("lab") } }).Run().Errors);
    }

    private string Page => Path.Combine(_session.Folder, "report.html");

    public void Dispose() => _session.Dispose();

    [Fact]
    public void A_report_has_what_was_seen_of_each_endpoint()
    {
        CmdletResult result = Export(new { InputObject = new object[] { _session.All }, Path = Page, Duration = 0.3, Title = "My bench", PassThru = true }).Run();
        Assert.Empty(result.Errors);
        Assert.Equal(Page, result.Single<FileInfo>().FullName);
        string page = File.ReadAllText(Page);
        Assert.Contains("<h1>My bench</h1>", page);
        Assert.Contains($"<h2>{_session.Name("sw0")}</h2>", page);
        Assert.Contains($"<h2>{_session.Name("vm0")}</h2>", page);
        Assert.Equal(4, page.Split("SET_VRING_ADDR").Length - 1); // both rings, as both ends saw it
        Assert.Contains("<figure>", page);
    }

    [Fact]
    public void No_time_means_no_charts()
    {
        Assert.Empty(Export(new { InputObject = new object[] { _session.All }, Path = Page, Duration = 0 }).Run().Errors);
        Assert.DoesNotContain("<figure>", File.ReadAllText(Page));
    }

    [Fact]
    public void A_file_is_kept_when_that_is_wanted_and_WhatIf_writes_none()
    {
        Export(new { InputObject = new object[] { _session.All }, Path = Page, Duration = 0 }).WhatIf().Run();
        Assert.False(File.Exists(Page));
        File.WriteAllText(Page, "mine");
        Assert.Equal(["NameInUse"], Export(new { InputObject = new object[] { _session.All }, Path = Page, Duration = 0, NoClobber = true }).Run().ErrorIds);
        Assert.Equal("mine", File.ReadAllText(Page));
    }

    [Fact]
    public void A_folder_that_is_not_there_is_an_error() =>
        Assert.Single(Export(new { InputObject = new object[] { _session.All }, Path = "/no/such/folder/x.html", Duration = 0 }).Run().Errors);

    private static CmdletRunner<ExportVringReportCommand> Export(object parameters) => new CmdletRunner<ExportVringReportCommand>().With(parameters).InParameterSet("Any");
}
