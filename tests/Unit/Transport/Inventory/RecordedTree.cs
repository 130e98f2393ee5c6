using VhostUser.Tests.Contract;
using VhostUser.Transport.Inventory;

namespace VhostUser.Tests.Transport.Inventory;

/// <summary>A machine's files, unpacked from one text into a folder of the test's own.</summary>
/// <remarks>
/// "@ folder" starts a folder; "name = content" is a file in it, \n a new line; "name/1..7 = content" is seven files; "name -" is a file
/// that refuses to be read, as the kernel's files for unused entries of tables do. The trees have the shapes of real adapters.
/// </remarks>
internal sealed class RecordedTree : IDisposable
{
    public const string Folder = "tests/Unit/Transport/Inventory/Trees/";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vu-tree-");

    public RecordedTree(string name)
    {
        string folder = "";
        foreach (string line in RepositoryFiles.Read($"{Folder}{name}.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] == '#') continue;
            if (line[0] == '@') folder = line[2..];
            else if (line.EndsWith(" -", StringComparison.Ordinal)) Add(folder, line[..^2], null);
            else Add(folder, line[..line.IndexOf(" =", StringComparison.Ordinal)], line[(line.IndexOf('=') + 1)..].Trim().Replace("\\n", "\n", StringComparison.Ordinal));
        }
    }

    public string Root => _root.FullName;

    /// <summary>Reads it as a machine whose interfaces have these addresses.</summary>
    public IbInventory Read(Func<string, string[]?>? addresses = null, Func<IReadOnlyList<FabricDevice>?>? fabric = null) => IbInventory.Read(new IbSources
    {
        Files = new FileTree(Root),
        Addresses = addresses ?? (static _ => ["192.0.2.10"]),
        Fabric = fabric ?? (static () => null),
    });

    public void Write(string path, string content) => File.WriteAllText(Path.Combine(Root, path), content + "\n");

    public void Dispose() => _root.Delete(recursive: true);

    private void Add(string folder, string name, string? content)
    {
        int range = name.LastIndexOf('/') + 1;
        string[] bounds = name[range..].Split("..");
        string[] names = bounds.Length == 1 ? [name] : [.. Enumerable.Range(int.Parse(bounds[0], null), int.Parse(bounds[1], null) - int.Parse(bounds[0], null) + 1).Select(i => name[..range] + i)];
        foreach (string file in names)
        {
            string path = Path.Combine(Root, folder, file);
            // A folder can't be read as a file, not even by root.
            Directory.CreateDirectory(content is null ? path : Path.GetDirectoryName(path)!);
            if (content is not null) File.WriteAllText(path, content + "\n");
        }
    }
}
