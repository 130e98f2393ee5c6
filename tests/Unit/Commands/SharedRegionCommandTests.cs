using System.Management.Automation;
using VhostUser.Commands;
using VhostUser.Memory;
using Xunit;

namespace VhostUser.Tests.Commands;

public sealed class SharedRegionCommandTests : IDisposable
{
    private readonly ModuleSession _session = new();

    public void Dispose() => _session.Dispose();

    [Fact]
    public void New_writes_a_live_region_of_the_size_in_words()
    {
        var region = New("lab", "2MB").Single<SharedRegion>();
        Assert.Equal((_session.Name("lab"), 2 << 20), (region.Name, region.Size));
        Assert.False(region.IsDisposed);
    }

    [Fact]
    public void New_with_WhatIf_asks_and_makes_nothing()
    {
        var result = new CmdletRunner<NewVhostSharedRegionCommand>().With(new { Name = _session.Name("lab"), Size = "1MB" }).WhatIf().Run();
        Assert.StartsWith(_session.Name("lab"), Assert.Single(result.ShouldProcess).Target);
        Assert.Empty(result.Output);
        Assert.Empty(Get(_session.All).Output);
    }

    [Fact]
    public void A_name_that_is_taken_is_an_error_and_the_first_region_stays()
    {
        New("lab", "1MB");
        var error = Assert.Single(New("LAB", "2MB").Errors);
        Assert.Equal((nameof(VhostError.NameInUse), ErrorCategory.ResourceExists), (error.FullyQualifiedErrorId.Split(',')[0], error.CategoryInfo.Category));
        Assert.Equal(1 << 20, Get(_session.Name("lab")).Single<SharedRegionInfo>().Size);
    }

    [Fact]
    public void A_name_is_free_again_when_making_the_region_failed()
    {
        var failed = new CmdletRunner<NewVhostSharedRegionCommand>().With(new { Name = _session.Name("lab"), Size = 1 << 20, Backing = "File" }).Run();
        Assert.Equal([nameof(VhostError.InvalidArgument)], failed.ErrorIds);
        Assert.Single(New("lab", "1MB").Output);
    }

    [Theory]
    [InlineData("a*")]
    [InlineData("a/b")]
    [InlineData(" ")]
    public void A_name_that_could_not_be_used_is_refused(string name) => Assert.Equal(
        [nameof(VhostError.InvalidArgument)],
        new CmdletRunner<NewVhostSharedRegionCommand>().With(new { Name = name, Size = 4096 }).Run().ErrorIds);

    [Fact]
    public void A_file_is_made_relative_to_the_location_and_removed_with_its_region()
    {
        string path = Path.Combine(_session.Folder, "region");
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        new CmdletRunner<NewVhostSharedRegionCommand>().With(new { Name = _session.Name("lab"), Size = 4096, Backing = "File", Path = relative }).Run();
        Assert.Equal(path, Get(_session.Name("lab")).Single<SharedRegionInfo>().Path);
        Remove(_session.Name("lab"));
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Get_by_pattern_is_sorted_and_a_pattern_may_fit_nothing()
    {
        New("b", "4KB");
        New("a", "4KB");
        Assert.Equal([_session.Name("a"), _session.Name("b")], Get(_session.All).Output.Cast<SharedRegionInfo>().Select(info => info.Name));
        var none = Get(_session.Name("x*"));
        Assert.Empty(none.Output);
        Assert.Empty(none.Errors);
    }

    [Fact]
    public void An_unknown_name_is_an_error_that_tells_the_remedy_and_the_next_one_is_removed()
    {
        New("a", "4KB");
        var result = Remove(_session.Name("x"), _session.Name("a"));
        var error = Assert.Single(result.Errors);
        Assert.Equal((nameof(VhostError.HandleNotFound), ErrorCategory.ObjectNotFound), (error.FullyQualifiedErrorId.Split(',')[0], error.CategoryInfo.Category));
        Assert.Equal(_session.Name("x"), error.TargetObject);
        Assert.Contains("New-VhostSharedRegion", error.ErrorDetails.RecommendedAction);
        Assert.Empty(Get(_session.All).Output);
    }

    [Fact]
    public void Remove_takes_handles_photographs_and_names_from_the_pipeline()
    {
        var handle = New("a", "4KB").Single<SharedRegion>();
        New("b", "4KB");
        New("c", "4KB");
        var photograph = Get(_session.Name("b")).Single<SharedRegionInfo>();
        var result = new CmdletRunner<RemoveVhostSharedRegionCommand>().With(new { PassThru = true }).RunOver(handle, photograph, _session.Name("c"));
        Assert.Equal(["a", "b", "c"], result.Output.Cast<SharedRegionInfo>().Select(info => info.Name[^1..]));
        Assert.True(handle.IsDisposed);
    }

    [Fact]
    public void Remove_with_WhatIf_removes_nothing()
    {
        New("a", "4KB");
        Assert.Single(new CmdletRunner<RemoveVhostSharedRegionCommand>().With(new { Name = _session.All }).WhatIf().Run().ShouldProcess);
        Assert.Single(Get(_session.All).Output);
    }

    private CmdletResult New(string name, string size) =>
        new CmdletRunner<NewVhostSharedRegionCommand>().With(new { Name = _session.Name(name), Size = size }).Run();

    private static CmdletResult Get(string name) => new CmdletRunner<GetVhostSharedRegionCommand>().With(new { Name = name }).Run();

    private static CmdletResult Remove(params string[] names) => new CmdletRunner<RemoveVhostSharedRegionCommand>().With(new { Name = names }).Run();
}
