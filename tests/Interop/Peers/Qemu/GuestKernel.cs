using System.Buffers.Binary;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>Debian's kernel for guests, unpacked by eng/guest-kernel.sh into a cache folder or installed on this machine.</summary>
internal sealed class GuestKernel
{
    private const int SetupSectors = 0x1f1, PayloadOffset = 0x248, PayloadLength = 0x24c; // Documentation/x86/boot.rst, boot protocol 2.08

    private GuestKernel(string root, string compressed)
    {
        Release = Path.GetFileName(compressed)["vmlinuz-".Length..];
        Modules = Path.Combine(root, "lib/modules", Release);
        _compressed = compressed;
    }

    private readonly string _compressed;

    /// <summary>Gets the folder for what the tests make: a decompressed kernel, images.</summary>
    public static string Cache { get; } = Environment.GetEnvironmentVariable("VHOSTUSER_GUEST") is { Length: > 0 } given
        ? given
        : Path.Combine(Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache
            : Path.Combine(Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? home : "/tmp", ".cache"), "vhostuser/guest");

    /// <summary>Gets the kernel's release, as 6.1.0-56-amd64.</summary>
    public string Release { get; }

    /// <summary>Gets the folder of the kernel's modules.</summary>
    public string Modules { get; }

    /// <summary>Looks into the cache folder, then for an installed Debian kernel; null when there is none with the modules of a virtio guest.</summary>
    public static GuestKernel? Find() =>
        new[] { Cache, "/" }.Where(root => Directory.Exists(Path.Combine(root, "boot")))
            .SelectMany(root => Directory.GetFiles(Path.Combine(root, "boot"), "vmlinuz-*-amd64").Order().Reverse().Select(file => new GuestKernel(root, file)))
            .FirstOrDefault(kernel => Directory.Exists(kernel.Modules));

    /// <summary>Whether it has a module as a file.</summary>
    public bool Has(string module) => Directory.EnumerateFiles(Modules, module + ".ko*", SearchOption.AllDirectories).Any();

    /// <summary>The file to boot. A decompressed kernel, made once, starts several seconds sooner than one that unpacks itself in an emulated guest.</summary>
    public string BootFile()
    {
        string plain = Path.Combine(Cache, "vmlinux-" + Release);
        if (File.Exists(plain)) return plain;
        byte[] image = File.ReadAllBytes(_compressed);
        int sectors = image[SetupSectors] == 0 ? 4 : image[SetupSectors];
        int start = (sectors + 1) * 512 + BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(PayloadOffset));
        byte[] payload = image.AsSpan(start, BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(PayloadLength))).ToArray();
        string[]? decompress = BinaryPrimitives.ReadUInt32BigEndian(payload) switch
        {
            0xfd377a58 => ["xz", "-dc", "--single-stream"],
            0x28b52ffd => ["zstd", "-dc"],
            _ => null,
        };
        if (decompress is null || Programs.Find(decompress[0]) is null) return _compressed;
        // The decompressor may complain about the length that the kernel's build appends to the stream: what counts is an ELF file.
        byte[] kernel = Programs.Filter(decompress, payload);
        if (!kernel.AsSpan().StartsWith("\x7f"u8) || !kernel.AsSpan(1).StartsWith("ELF"u8)) return _compressed;
        Directory.CreateDirectory(Cache);
        string fresh = $"{plain}.{Environment.ProcessId}";
        File.WriteAllBytes(fresh, kernel);
        File.Move(fresh, plain, overwrite: true);
        return plain;
    }
}
