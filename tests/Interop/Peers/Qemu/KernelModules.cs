using System.Text;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>The modules of a kernel, and what each depends on: read from the modules themselves, since an unpacked package has no modules.dep.</summary>
internal sealed class KernelModules
{
    private readonly Dictionary<string, string> _files = [];

    /// <summary>Lists the modules below <paramref name="folder"/>.</summary>
    public KernelModules(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder, "*.ko*", SearchOption.AllDirectories))
            _files.TryAdd(NameOf(file), file);
    }

    /// <summary>Reads the modules named, each after those it depends on. A name without a file is left out: it is built into the kernel.</summary>
    public IReadOnlyList<(string Name, byte[] Content)> Load(IEnumerable<string> names)
    {
        List<(string, byte[])> order = [];
        HashSet<string> seen = [];
        foreach (string name in names) Visit(name);
        return order;

        void Visit(string name)
        {
            name = name.Replace('-', '_');
            if (!seen.Add(name) || !_files.TryGetValue(name, out string? file)) return;
            byte[] content = Read(file);
            foreach (string needed in DependenciesOf(content)) Visit(needed);
            order.Add((name, content));
        }
    }

    private static string NameOf(string file)
    {
        string name = Path.GetFileName(file);
        return name[..name.IndexOf(".ko", StringComparison.Ordinal)].Replace('-', '_');
    }

    private static byte[] Read(string file)
    {
        byte[] content = File.ReadAllBytes(file);
        return file.EndsWith(".xz", StringComparison.Ordinal) ? Programs.Filter(["xz", "-dc"], content) : content;
    }

    // Section .modinfo holds "key=value" strings, each ended by a zero byte; there is one "depends=" in it, a list with commas.
    private static string[] DependenciesOf(ReadOnlySpan<byte> module)
    {
        int start = module.IndexOf("\0depends="u8);
        if (start < 0) return [];
        ReadOnlySpan<byte> list = module[(start + 9)..];
        return Encoding.ASCII.GetString(list[..list.IndexOf((byte)0)]).Split(',', StringSplitOptions.RemoveEmptyEntries);
    }
}
