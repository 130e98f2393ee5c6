using Xunit;

namespace VhostUser.Tests.Contract;

public class SourceRulesTests
{
    private const string CoreFolder = "src/VhostUser.Core/";

    [Fact]
    public void Folders_of_Core_use_only_what_is_below_them() => Violations.AssertNone(
        CoreFiles().SelectMany(file => SourceRules.CheckUses(file, RepositoryFiles.Read(CoreFolder + file), TypeExists)));

    [Fact]
    public void Only_the_listed_folders_are_unsafe() => Violations.AssertNone(
        CoreFiles().SelectMany(file => SourceRules.CheckUnsafe(file, RepositoryFiles.Read(CoreFolder + file))));

    [Fact]
    public void The_module_itself_is_never_unsafe() => Violations.AssertNone(
        RepositoryFiles.Below("src/VhostUser.PowerShell", ".cs")
            .SelectMany(file => SourceRules.CheckUnsafe(file, RepositoryFiles.Read(file))));

    [Fact]
    public void No_file_is_longer_than_the_budget() => Violations.AssertNone(
        new[] { "src", "tests", "bench", "examples" }
            .SelectMany(folder => RepositoryFiles.Below(folder, ".cs", ".ps1", ".psm1"))
            .SelectMany(file => SourceRules.CheckLength(file, RepositoryFiles.Read(file))));

    [Theory]
    [InlineData("Rings/A.cs", "using VhostUser.Endpoints;", "uses VhostUser.Endpoints")]
    [InlineData("Packets/A.cs", "using static VhostUser.Protocol.FrontEndRequest;", "uses VhostUser.Protocol")]
    [InlineData("Packets/A.cs", "object x = new VhostUser.Memory.Segment();", "uses VhostUser.Memory")]
    [InlineData("Packets/A.cs", "object x = new Memory.Segment();", "uses VhostUser.Memory")]
    [InlineData("A.cs", "using VhostUser.Interop;", "which the root may not")]
    [InlineData("Rings/Split/A.cs", "namespace VhostUser.Memory;", "expected one of its folder")]
    [InlineData("Elsewhere/A.cs", "", "not in the table")]
    public void A_forbidden_use_is_found(string file, string code, string complaint) =>
        Assert.Contains(complaint, Assert.Single(SourceRules.CheckUses(file, code, TypeExists)));

    [Theory]
    [InlineData("Rings/Split/A.cs", "using VhostUser.Memory;\nnamespace VhostUser.Rings.Split;")]
    [InlineData("Packets/A.cs", "// VhostUser.Endpoints\n/* VhostUser.Rings */ string s = \"VhostUser.Memory\";")]
    [InlineData("Packets/A.cs", "int x = Memory.Length + this.Memory.Segment;")]
    [InlineData("Memory/A.cs", "throw new VhostUser.VhostException();")]
    public void An_allowed_use_passes(string file, string code) => Assert.Empty(SourceRules.CheckUses(file, code, TypeExists));

    [Theory]
    [InlineData("Protocol/A.cs", "unsafe struct A;", 1)]
    [InlineData("Protocol/A.cs", "// unsafe\nstring s = \"unsafe\"; char c = '\"'; string t = @\"unsafe\";", 0)]
    [InlineData("Rings/Split/A.cs", "unsafe struct A;", 0)]
    [InlineData("A.cs", "unsafe struct A;", 1)]
    public void An_unsafe_file_is_found(string file, string code, int violations) =>
        Assert.Equal(violations, SourceRules.CheckUnsafe(file, code).Count());

    [Fact]
    public void A_long_file_is_found()
    {
        string budget = string.Concat(Enumerable.Repeat("x\n", SourceRules.MaximumLines));
        Assert.Empty(SourceRules.CheckLength("a", budget));
        Assert.Single(SourceRules.CheckLength("a", budget + "x\n"));
    }

    private static string[] CoreFiles()
    {
        string[] files = [.. RepositoryFiles.Below(CoreFolder, ".cs").Select(file => file[CoreFolder.Length..])];
        Assert.NotEmpty(files);
        return files;
    }

    private static bool TypeExists(string fullName) => ModuleAssembly.Core.GetType(fullName) is not null;
}
