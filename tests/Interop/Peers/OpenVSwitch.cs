using System.Diagnostics;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>
/// An Open vSwitch with DPDK of a test's own: database, daemon, sockets and files in a folder that is deleted afterwards, in a network
/// namespace of its own, so that an installed one is neither used nor disturbed. It has one bridge with the userspace datapath.
/// </summary>
internal sealed class OpenVSwitch : IDisposable
{
    private const string Bridge = "br0", Schema = "/usr/share/openvswitch/vswitch.ovsschema";
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(60);

    private readonly SocketFolder _folder;
    private readonly HostNetwork _network = new();
    private readonly string[] _environment;
    private readonly PeerProgram _database;
    private readonly TimeSpan _lifetime;

    private OpenVSwitch(SocketFolder folder, TimeSpan lifetime)
    {
        _folder = folder;
        _lifetime = lifetime;
        _environment = [.. new[] { "OVS_RUNDIR", "OVS_DBDIR", "OVS_LOGDIR" }.Select(variable => $"{variable}={folder.File("")}")];
        Run("ovsdb-tool", "create", folder.File("conf.db"), Schema);
        _database = PeerProgram.Start("env", [.. _environment, "ovsdb-server", folder.File("conf.db"), $"--remote=punix:{folder.File("db.sock")}", $"--unixctl={folder.File("db.ctl")}"], lifetime);
        Deadline.Wait(() => File.Exists(folder.File("db.sock")), there => there, s_bound);
        Control("--no-wait", "init");
        // --no-pci and in-memory (OVS's default): no device and no file of the machine is touched.
        Control("--no-wait", "set", "Open_vSwitch", ".", "other_config:dpdk-init=true", "other_config:dpdk-socket-mem=256", "other_config:dpdk-lcore-mask=0x1",
            "other_config:pmd-cpu-mask=0x1", "other_config:dpdk-extra=--no-pci --no-telemetry");
        Control("--no-wait", "add-br", Bridge, "--", "set", "bridge", Bridge, "datapath_type=netdev");
        Daemon = StartDaemon();
    }

    /// <summary>Gets why it can't run here, with the remedy, or null when it can.</summary>
    public static string? WhyImpossible => Programs.WhyMissing(Programs.OpenVSwitch) ?? TapFactAttribute.WhyImpossible ?? Hugepages.Ensure(256);

    /// <summary>Gets the running ovs-vswitchd.</summary>
    public PeerProgram Daemon { get; private set; }

    /// <summary>Starts it in a folder.</summary>
    public static OpenVSwitch Start(SocketFolder folder, TimeSpan lifetime) => new(folder, lifetime);

    /// <summary>Adds a port that listens at a socket of this name in the folder (type dpdkvhostuser).</summary>
    public void AddListeningPort(string name) => Control("add-port", Bridge, name, "--", "set", "Interface", name, "type=dpdkvhostuser");

    /// <summary>Adds a port that connects to a socket of this name in the folder, again and again (type dpdkvhostuserclient).</summary>
    public void AddConnectingPort(string name) =>
        Control("add-port", Bridge, name, "--", "set", "Interface", name, "type=dpdkvhostuserclient", $"options:vhost-server-path={_folder.File(name)}");

    /// <summary>Waits until the daemon has a front-end on a port, both of whose rings are enabled.</summary>
    /// <remarks>The database's link_state lags, and now and then stays behind for good.</remarks>
    /// <param name="name">The port.</param>
    /// <param name="from">The first of the daemon's lines to look at.</param>
    public void WaitForPort(string name, int from = 0)
    {
        Daemon.WaitForLine($"vHost Device '.*/{name}' has been added", s_bound, from);
        foreach (int ring in (int[])[0, 1]) Daemon.WaitForLine($"State of queue {ring} .*/{name}' changed to 'enabled'", s_bound, from);
    }

    /// <summary>Waits until the daemon has seen a front-end go.</summary>
    public void WaitUntilGone(string name, int from) => Daemon.WaitForLine($"vHost Device '.*/{name}' (has been removed|connection has been destroyed)", s_bound, from);

    /// <summary>Ends the daemon at once, as a crash would, and starts another, which finds the same ports.</summary>
    public void Restart()
    {
        Daemon.Kill();
        Daemon.Dispose();
        Daemon = StartDaemon();
    }

    /// <summary>Ends both programs.</summary>
    public void Dispose()
    {
        Daemon.Dispose();
        _database.Dispose();
        _network.Dispose();
    }

    private PeerProgram StartDaemon()
    {
        PeerProgram daemon = _network.Start(_lifetime, "env", [.. _environment, Programs.OpenVSwitch, $"unix:{_folder.File("db.sock")}", $"--unixctl={_folder.File("daemon.ctl")}"]);
        daemon.WaitForLine("DPDK Enabled - initialized", s_bound);
        return daemon;
    }

    private void Control(params string[] arguments) => Run("ovs-vsctl", [$"--db=unix:{_folder.File("db.sock")}", .. arguments]);

    private void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("env", [.. _environment, "timeout", "70", program, .. arguments]) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw Daemon?.Failure($"got no '{program} {string.Join(' ', arguments)}': {errors}") ?? new InvalidOperationException($"{program}: {errors}");
    }
}
