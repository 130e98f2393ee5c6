using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>What a guest boots into: busybox, kernel modules, and the agent that takes commands; kept in the cache folder.</summary>
public sealed record GuestImage
{
    /// <summary>Increase it when the archive is laid out differently: it is part of the name of a cached image.</summary>
    private const int Layout = 1;

    /// <summary>Gets the modules to load at boot, beside those they depend on.</summary>
    public IReadOnlyList<string> Modules { get; init; } = ["virtio_pci", "virtio_net"];

    /// <summary>Gets files of this machine to take along, with their paths in the guest (no leading slash).</summary>
    public IReadOnlyList<(string Source, string Target)> Files { get; init; } = [];

    /// <summary>Gets why no guest can be made here, with the remedy, or null when one can.</summary>
    public static string? WhyImpossible =>
        Programs.Find("busybox") is null ? "busybox not found: ./build.sh peers installs it (apt-get install busybox-static)"
        : GuestKernel.Find() is null ? $"no Debian kernel in {GuestKernel.Cache}: ./build.sh peers unpacks one (eng/guest-kernel.sh)"
        : null;

    /// <summary>Returns the kernel and the archive to boot, made now if they are not in the cache.</summary>
    internal (string Kernel, string Archive) Make()
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

    private void Write(CpioArchive archive, GuestKernel kernel, string agent)
    {
        foreach (string folder in (string[])["dev", "proc", "sys", "tmp", "root"]) archive.AddFolder(folder);
        archive.AddFile("init", File.ReadAllBytes(agent));
        archive.AddFile("bin/busybox", File.ReadAllBytes(Programs.Find("busybox")!));
        // Links made here save an emulated guest the work of "busybox --install".
        foreach (string applet in Encoding.ASCII.GetString(Programs.Filter(["busybox", "--list"], default)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            if (applet != "busybox") archive.AddLink($"bin/{applet}", "busybox");
        StringBuilder order = new();
        foreach ((string name, byte[] content) in new KernelModules(kernel.Modules).Load(Modules))
        {
            archive.AddFile($"modules/{name}.ko", content);
            order.Append($"/modules/{name}.ko\n");
        }
        archive.AddFile("modules/order", Encoding.ASCII.GetBytes(order.ToString()));
        foreach ((string source, string target) in Files) archive.AddFile(target, File.ReadAllBytes(source));
        archive.Finish();
    }

    private string Key(GuestKernel kernel, string agent)
    {
        string[] parts =
        [
            $"{Layout}", kernel.Release, string.Join(',', Modules), Stamp(agent), Stamp(Programs.Find("busybox")!),
            .. Files.Select(file => $"{file.Target}={Stamp(file.Source)}"),
        ];
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))))[..16];
    }

    private static string Stamp(string file) => $"{file}:{new FileInfo(file).Length}:{File.GetLastWriteTimeUtc(file).Ticks}";
}
