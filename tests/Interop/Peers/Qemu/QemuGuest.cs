using System.Diagnostics;
using System.Text;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>A Linux guest in an emulated machine, whose network device is a vhost-user front-end, and in which commands can be run.</summary>
/// <remarks>
/// Two defects of QEMU 7.2 without KVM are worked around. It dies of a null pointer when a vhost-user device with MSI-X starts, so the
/// device gets none (vectors=0) and interrupts by its pin. And a live migration loses pages when the memory is a multiple of 256 KiB, so
/// 8 KiB are added.
/// </remarks>
public sealed class QemuGuest : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Nudge = TimeSpan.FromSeconds(5);

    private readonly SocketFolder _folder;
    private LineSocket? _agent;
    private QemuMonitor? _monitor;
    private int _commands;

    private QemuGuest(SocketFolder folder, PeerProgram program, QemuOptions options)
    {
        _folder = folder;
        Program = program;
        Options = options;
    }

    /// <summary>Gets why no guest can run here, with the remedy, or null when one can.</summary>
    public static string? WhyImpossible => Programs.WhyMissing(Programs.Qemu) ?? GuestImage.WhyImpossible;

    /// <summary>Gets how the guest was started.</summary>
    public QemuOptions Options { get; }

    /// <summary>Gets the running QEMU and its output.</summary>
    public PeerProgram Program { get; }

    /// <summary>Gets QEMU's monitor, connected at the first use; QEMU does not answer before its first back-end has.</summary>
    public QemuMonitor Monitor => _monitor ??= new QemuMonitor(Program, _folder.File("qmp"));

    /// <summary>Gets what the guest's kernel has printed.</summary>
    public string Console => File.Exists(_folder.File("console")) ? File.ReadAllText(_folder.File("console")) : "";

    /// <summary>Starts a guest; it is not ready yet, and QEMU may wait for a back-end.</summary>
    public static QemuGuest Start(QemuOptions options)
    {
        (string kernel, string archive) = options.Image.Make();
        SocketFolder folder = new();
        archive = options.Image.AddFolders(archive, folder.File("image"));
        string memory = $"{options.MemoryMegabytes * 1024 + 8}K";
        string[] arguments =
        [
            "-accel", "tcg", "-machine", "q35,memory-backend=memory", "-cpu", "max", "-m", memory,
            "-smp", $"{options.Processors ?? options.QueuePairs}",
            "-object", $"memory-backend-memfd,id=memory,size={memory},share=on",
            "-nodefaults", "-no-user-config", "-display", "none",
            "-kernel", kernel, "-initrd", archive, "-append", "console=ttyS0 quiet mitigations=off",
            "-chardev", $"file,id=console,path={folder.File("console")}", "-serial", "chardev:console",
            "-chardev", $"socket,id=agent,path={folder.File("agent")},server=on,wait=off", "-serial", "chardev:agent",
            "-qmp", $"unix:{folder.File("qmp")},server=on,wait=off",
            .. NetworkDevice(options),
            .. options.Incoming is null ? Array.Empty<string>() : ["-incoming", options.Incoming],
            .. options.ExtraArguments,
        ];
        QemuGuest guest = new(folder, PeerProgram.Start(Programs.Qemu, arguments, options.Lifetime), options);
        try
        {
            // Now, not later: what the agent says while nobody listens is lost.
            guest._agent = LineSocket.Connect(folder.File("agent"), guest.Program, Grace);
            return guest;
        }
        catch
        {
            guest.Dispose();
            throw;
        }
    }

    /// <summary>Waits until the guest takes commands, at its start or after a reset.</summary>
    public QemuGuest WaitUntilReady(TimeSpan? bound = null)
    {
        TimeSpan limit = bound ?? TimeSpan.FromSeconds(60);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            TimeSpan left = limit - Stopwatch.GetElapsedTime(start);
            string line = (left > TimeSpan.Zero ? _agent!.Receive(left) : null) ?? throw Failure($"was not ready within {limit.TotalSeconds} s");
            if (line == "ready") return this;
        }
    }

    /// <summary>Runs a shell command in the guest and returns what it printed; to leave a program running, redirect its output and add an ampersand.</summary>
    /// <exception cref="InvalidOperationException">Its status is not 0, or it did not end in time.</exception>
    public string Run(string command, TimeSpan? bound = null)
    {
        (int status, string output) = TryRun(command, bound);
        return status == 0 ? output : throw Failure($"ended '{command}' with status {status}: {output}");
    }

    /// <summary>Runs a shell command in the guest and returns its status (124: not ended in time) and what it printed.</summary>
    public (int Status, string Output) TryRun(string command, TimeSpan? bound = null)
    {
        TimeSpan limit = bound ?? TimeSpan.FromSeconds(20);
        string id = $"{++_commands}";
        _agent!.Send($"{id} {Math.Max(1, (int)limit.TotalSeconds)} {Convert.ToBase64String(Encoding.UTF8.GetBytes(command))}");
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            TimeSpan left = limit + Grace - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) throw Failure($"did not answer '{command}' within {(limit + Grace).TotalSeconds} s ({Diagnose()})");
            string? line = _agent.Receive(left < Nudge ? left : Nudge);
            if (line is null)
            {
                // An answer can get stuck in the emulated serial line until something comes the other way; the agent ignores an empty line.
                if (Program.WaitForExit(TimeSpan.Zero)) throw Failure($"ended before it answered '{command}'");
                _agent.Send("");
                continue;
            }
            string[] parts = line.Split(' ');
            if (parts.Length >= 2 && parts[0] == id)
                return (int.Parse(parts[1], null), parts.Length > 2 ? Encoding.UTF8.GetString(Convert.FromBase64String(parts[2])) : "");
        }
    }

    /// <summary>Gives the guest's network device an address ("198.18.0.1/24") and switches it on.</summary>
    public QemuGuest SetAddress(string address)
    {
        Run($"ip addr add {address} dev eth0; ip link set eth0 up");
        return this;
    }

    /// <summary>Ends QEMU at once, as a crash would.</summary>
    public void Kill() => Program.Kill();

    /// <summary>Ends QEMU if it still runs, and removes its files.</summary>
    public void Dispose()
    {
        _agent?.Dispose();
        _monitor?.Dispose();
        Program.Dispose();
        _folder.Dispose();
    }

    /// <summary>An exception that says what the guest did, with the last lines of its kernel and of QEMU.</summary>
    public InvalidOperationException Failure(string what) =>
        new(string.Join(Environment.NewLine + "  ", ["The guest " + what, .. Console.Split('\n').TakeLast(15).Select(line => line.TrimEnd())]), Program.Failure("was QEMU"));

    // What tells a guest that hangs from a QEMU that does, and both from a machine that is too busy to emulate another.
    private string Diagnose()
    {
        string load = $"load of the machine {File.ReadAllText("/proc/loadavg").Trim()}";
        try
        {
            string registers = Monitor.Execute("human-monitor-command", new Dictionary<string, string> { ["command-line"] = "info registers -a" }).GetString()!;
            return $"{load}; {string.Join(", ", registers.Split('\n').Where(line => line.StartsWith("RIP=", StringComparison.Ordinal)))}";
        }
        catch (InvalidOperationException)
        {
            return $"{load}; QEMU's monitor does not answer either";
        }
    }

    private static string[] NetworkDevice(QemuOptions options)
    {
        if (options.Socket is null) return [];
        string socket = $"socket,id=vhost,path={options.Socket}"
            + (options.Listen ? ",server=on,wait=off" : "")
            + (options.Reconnect > 0 ? $",reconnect={options.Reconnect}" : "");
        string device = $"virtio-net-pci,netdev=net,mac={options.MacAddress},romfile=,vectors=0"
            + (options.QueuePairs > 1 ? ",mq=on" : "")
            + (options.Device.Length > 0 ? "," + options.Device : "");
        return ["-chardev", socket, "-netdev", $"vhost-user,id=net,chardev=vhost,queues={options.QueuePairs}", "-device", device];
    }
}
