using VhostUser.Tests.Commands;

namespace VhostUser.Tests.Contract;

/// <summary>The repository that these tests were built from.</summary>
internal static class RepositoryFiles
{
    private static readonly string[] _buildFolders = ["bin", "obj", "out", "TestResults"];

    public static string Root { get; } = EngineLocation.BuildValue("RepositoryRoot");

    public static string PathOf(string file) => Path.Combine(Root, file);

    /// <summary>The text of a file that the product has to have.</summary>
    public static string Read(string file)
    {
        Xunit.Assert.True(File.Exists(PathOf(file)), $"{file} does not exist.");
        return File.ReadAllText(PathOf(file));
    }

    /// <summary>The files below a folder with one of the endings, as paths from the root; nothing that a build made.</summary>
    public static IEnumerable<string> Below(string folder, params string[] endings) =>
        !Directory.Exists(PathOf(folder))
            ? []
            : Directory.EnumerateFiles(PathOf(folder), "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(Root, path))
                .Where(path => endings.Any(ending => path.EndsWith(ending, StringComparison.Ordinal)))
                .Where(path => !path.Split('/').Intersect(_buildFolders).Any())
                .Order(StringComparer.Ordinal);
}
