using System.Runtime.InteropServices;

namespace VhostUser.Interop.Fabric;

/// <summary>
/// libfabric (libfabric.so.1), from version 1.17 on: loaded at the first use, never before. It exports seven functions that are used
/// here; everything else is reached through tables of function pointers, one file per table. Layouts only grow at their ends, so the
/// frozen front parts declared here hold for 2.x too (fabric.h, "ABI"), as long as no fi_info is allocated on this side.
/// </summary>
internal static unsafe partial class Fabric
{
    private const string Library = "libfabric.so.1";
    private const string Remedy = "Install libfabric 1.17 or newer: apt-get install libfabric1 (Debian, Ubuntu), dnf install libfabric (Fedora).";

    private static readonly Lock s_lock = new();
    private static volatile Exports? s_exports;

    private sealed record Exports(nint Version, nint GetInfo, nint DuplicateInfo, nint FreeInfo, nint OpenFabric, nint StrError);

    /// <summary>Loads the library unless it is there already.</summary>
    /// <exception cref="VhostException">FabricUnavailable: it is missing or too old.</exception>
    public static void Load() => _ = Loaded;

    /// <summary>The library's version, such as 1.17.</summary>
    public static Version LoadedVersion
    {
        get
        {
            uint version = ((delegate* unmanaged<uint>)Loaded.Version)();
            return new Version((int)(version >> 16), (int)(version & 0xffff));
        }
    }

    /// <summary>Tries another file, for tests of what is said about it.</summary>
    /// <exception cref="VhostException">FabricUnavailable.</exception>
    internal static void Probe(string file) => _ = Open(file);

    private static Exports Loaded
    {
        get
        {
            if (s_exports is Exports loaded) return loaded;
            lock (s_lock) return s_exports ??= Open(Library);
        }
    }

    private static Exports Open(string file)
    {
        // No cache of registrations: it patches mmap and munmap of the whole process, and may keep pages pinned.
        Libc.SetNativeVariable("FI_MR_CACHE_MAX_COUNT", "0");
        Libc.SetNativeVariable("FI_VERBS_TX_IOV_LIMIT", "16");
        Libc.SetNativeVariable("FI_VERBS_RX_IOV_LIMIT", "16");
        // Read by the constructors of libinfinipath and libpsm2, which else take over signals.
        Libc.SetNativeVariable("IPATH_NO_BACKTRACE", "1");
        Libc.SetNativeVariable("HFI_NO_BACKTRACE", "1");
        using var signals = new SignalKeeper();
        nint handle;
        try
        {
            handle = NativeLibrary.Load(file);
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            throw new VhostException(VhostError.FabricUnavailable, $"Links between hosts need {file}, which can't be loaded: {error.Message.Split('\n')[0]}", file, Remedy, error);
        }
        string[] names = ["fi_version", "fi_getinfo", "fi_dupinfo", "fi_freeinfo", "fi_fabric", "fi_strerror"];
        nint[] found = new nint[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            if (!NativeLibrary.TryGetExport(handle, names[i], out found[i]))
                throw new VhostException(VhostError.FabricUnavailable, $"{file} has no function {names[i]}; expected libfabric.", file, Remedy);
        }
        uint version = ((delegate* unmanaged<uint>)found[0])();
        if (version < FI_VERSION_1_17)
            throw new VhostException(VhostError.FabricUnavailable, $"{file} is libfabric {version >> 16}.{version & 0xffff}; expected 1.17 or newer.", file, Remedy);
        return new Exports(found[0], found[1], found[2], found[3], found[4], found[5]);
    }

    /// <summary>Throws for a negative result.</summary>
    private static int Check(int result, string function) => result >= 0 ? result : throw Failed(function, -result);

    private static FabricException Failed(string function, int error) => new(function, error, Describe(error));

    /// <summary>The text of an error number.</summary>
    public static string Describe(int error) => Marshal.PtrToStringUTF8(((delegate* unmanaged<int, nint>)Loaded.StrError)(error)) ?? $"error {error}";
}
