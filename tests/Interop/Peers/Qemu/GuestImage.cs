using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>What a guest boots into: busybox, kernel modules, and the agent that takes commands; kept in the cache folder.</summary>
public sealed record GuestImage
{
    /// <summary>Increase it when the archive is laid out differently: it is part of the name of a cached image.</summary>
    private const int Layout = 3;

    private static readonly Lock s_making = new();

    /// <summary>Gets the modules to load at boot, beside those they depend on.</summary>
    public IReadOnlyList<string> Modules { get; init; } = ["virtio_pci", "virtio_net"];

    /// <summary>Gets files of this machine to take along, with their paths in the guest (no leading slash).</summary>
    public IReadOnlyList<(string Source, string Target)> Files { get; init; } = [];

    /// <summary>Gets programs of this machine's PATH to take along, with the libraries they are linked to.</summary>
    public IReadOnlyList<string> Programs { get; init; } = [];

    /// <summary>Gets shared libraries to take along, each with those it is linked to: what programs load while they run.</summary>
    public IReadOnlyList<string> Libraries { get; init; } = [];

    /// <summary>Gets whether the .NET runtime that runs the tests comes along, as /dotnet/dotnet; it needs 384 MB of memory.</summary>
    public bool DotNet { get; init; }

    /// <summary>Gets folders of this machine to take along, with their paths in the guest. They may change often: they are not part of what is cached.</summary>
    public IReadOnlyList<(string Source, string Target)> Folders { get; init; } = [];

    /// <summary>Gets why no guest can be made here, with the remedy, or null when one can.</summary>
    public static string? WhyImpossible =>
        Peers.Programs.Find(Peers.Programs.Busybox) is null ? "busybox not found: ./build.sh peers installs it (apt-get install busybox-static)"
        : GuestKernel.Find() is null ? $"no Debian kernel in {GuestKernel.Cache}: ./build.sh peers unpacks one (eng/guest-kernel.sh)"
        : null;

    /// <summary>Returns the kernel and the archive to boot, made now if they are not in the cache.</summary>
    internal (string Kernel, string Archive) Make()
    {
        // Two guests may start at once.
        lock (s_making) return MakeAlone();
    }

    private (string Kernel, string Archive) MakeAlone()
    {
        GuestKernel kernel = GuestKernel.Find() ?? throw new InvalidOperationException(WhyImpossible);
        string agent = Path.Combine(AppContext.BaseDirectory, "guest-init.sh");
        string archive = Path.Combine(GuestKernel.Cache, $"guest-{Key(kernel, agent)}.cpio.gz");
        if (!File.Exists(archive))
        {
            Directory.CreateDirectory(GuestKernel.Cache);
            string fresh = $"{archive}.{Environment.ProcessId}";
            using (FileStream file = File.Create(fresh))
            using (GZipStream packed = new(file, CompressionLevel.Fastest))
                Write(new CpioArchive(packed), kernel, agent);
            File.Move(fresh, archive, overwrite: true);
        }
        return (kernel.BootFile(), archive);
    }

    /// <summary>Returns an archive with the folders behind another, made in a guest's own folder; the kernel unpacks one after the other.</summary>
    internal string AddFolders(string archive, string result)
    {
        if (Folders.Count == 0) return archive;
        File.Copy(archive, result);
        using FileStream file = File.Open(result, FileMode.Append);
        using GZipStream packed = new(file, CompressionLevel.Fastest);
        CpioArchive added = new(packed);
        foreach ((string source, string target) in Folders) added.AddFiles(source, target);
        added.Finish();
        return result;
    }

    private void Write(CpioArchive archive, GuestKernel kernel, string agent)
    {
        foreach (string folder in (string[])["dev", "proc", "sys", "tmp", "root"]) archive.AddFolder(folder);
        archive.AddFile("init", File.ReadAllBytes(agent));
        archive.AddFile("bin/busybox", File.ReadAllBytes(Peers.Programs.Find(Peers.Programs.Busybox)!));
        // Links made here save an emulated guest the work of "busybox --install".
        foreach (string applet in Encoding.ASCII.GetString(Peers.Programs.Filter(["busybox", "--list"], default)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            if (applet != "busybox") archive.AddLink($"bin/{applet}", "busybox");
        StringBuilder order = new();
        foreach ((string name, byte[] content) in new KernelModules(kernel.Modules).Load(Modules))
        {
            archive.AddFile($"modules/{name}.ko", content);
            order.Append($"/modules/{name}.ko\n");
        }
        archive.AddFile("modules/order", Encoding.ASCII.GetBytes(order.ToString()));
        foreach ((string source, string target) in Files.Concat(DynamicFiles())) archive.AddFile(target, File.ReadAllBytes(source));
        archive.Finish();
    }

    // Libraries go where Debian's loader looks for them, and where libibverbs looks for its drivers.
    private IEnumerable<(string Source, string Target)> DynamicFiles()
    {
        string[] programs = [.. Programs.Select(name => Peers.Programs.Find(name)!)];
        string[] runtime = DotNet ? DotNetRuntime.Files : [];
        return
        [
            .. programs.Select(program => (program, $"bin/{Path.GetFileName(program)}")),
            .. runtime.Select(file => (file, "dotnet/" + Path.GetRelativePath(DotNetRuntime.Root, file))),
            .. SharedLibraries.Of([.. programs, .. Libraries, .. runtime.Where(file => file.EndsWith(".so", StringComparison.Ordinal))])
                .Concat(Libraries).Distinct().Select(library => (library, library.StartsWith("/lib/", StringComparison.Ordinal) ? "usr" + library : library[1..])),
        ];
    }

    private string Key(GuestKernel kernel, string agent)
    {
        string[] parts =
        [
            $"{Layout}", kernel.Release, string.Join(',', Modules), Stamp(agent), Stamp(Peers.Programs.Find(Peers.Programs.Busybox)!),
            .. Files.Select(file => $"{file.Target}={Stamp(file.Source)}"),
            .. Programs.Select(name => Stamp(Peers.Programs.Find(name)!)), .. Libraries.Select(Stamp),
            DotNet ? DotNetRuntime.Folder : "",
        ];
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))))[..16];
    }

    private static string Stamp(string file) => $"{file}:{new FileInfo(file).Length}:{File.GetLastWriteTimeUtc(file).Ticks}";
}
