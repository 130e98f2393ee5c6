using System.Diagnostics;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>The programs the tests talk to, and how a user gets them.</summary>
public static class Programs
{
    /// <summary>DPDK's packet forwarding program: a vhost-user back-end (net_vhost) and front-end (virtio_user).</summary>
    public const string Testpmd = "dpdk-testpmd";

    /// <summary>The machine emulator, a vhost-user front-end.</summary>
    public const string Qemu = "qemu-system-x86_64";

    /// <summary>QEMU's block layer as a program of its own: a vhost-user-blk back-end made with libvhost-user.</summary>
    public const string StorageDaemon = "qemu-storage-daemon";

    /// <summary>Wireshark on the command line; capinfos and editcap come with it.</summary>
    public const string Tshark = "tshark";

    /// <summary>QEMU's file server: a vhost-user-fs back-end made with libvhost-user. It is not in the PATH.</summary>
    public const string FileServer = "/usr/lib/qemu/virtiofsd";

    /// <summary>Open vSwitch's daemon with DPDK: vhost-user back-ends joined by a switch. The name in the PATH may be the one without.</summary>
    public const string OpenVSwitch = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk";

    /// <summary>Small versions of the usual programs in one file.</summary>
    public const string Busybox = "busybox";

    /// <summary>Returns the full path of <paramref name="program"/>, or null when the PATH does not have it.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Returns why tests that need <paramref name="program"/> cannot run, or null when they can.</summary>
    public static string? WhyMissing(string program)
    {
        if (Find(program) is not null) return null;
        string? package = program switch
        {
            Testpmd => "dpdk-dev",
            Qemu => "qemu-system-x86",
            StorageDaemon or FileServer => "qemu-system-common",
            OpenVSwitch => "openvswitch-switch-dpdk",
            Busybox => "busybox-static",
            Tshark => "tshark",
            _ => null,
        };
        return package is null ? $"{program} not found in PATH" : $"{program} not found: ./build.sh peers installs it (apt-get install {package})";
    }

    /// <summary>Runs a program that turns its standard input into its standard output, and returns that.</summary>
    /// <exception cref="TimeoutException">It did not end within a minute.</exception>
    public static byte[] Filter(string[] command, byte[]? input)
    {
        using Process process = Process.Start(new ProcessStartInfo("timeout", ["60", .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        using MemoryStream output = new();
        Task reading = process.StandardOutput.BaseStream.CopyToAsync(output);
        try
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It read as much as it wanted, as a decompressor does that meets bytes behind its stream's end.
        }
        reading.Wait();
        process.WaitForExit();
        return process.ExitCode == 124 ? throw new TimeoutException($"{command[0]} did not end within a minute") : output.ToArray();
    }
}
