namespace VhostUser.Tests.Interop.Peers;

/// <summary>Forwarding modes of testpmd: what its one polling core does with packets.</summary>
public enum TestpmdMode
{
    /// <summary>Receives and drops.</summary>
    RxOnly,

    /// <summary>Sends frames as <see cref="TestpmdFrames"/> describes; does not receive.</summary>
    TxOnly,

    /// <summary>Sends numbered frames as <see cref="TestpmdFrames"/> describes; receives and drops.</summary>
    FlowGen,

    /// <summary>Sends back what came, unchanged; with a replay or capture file, forwards between the virtio port and the files.</summary>
    Io,

    /// <summary>Sends back what came with the Ethernet addresses exchanged.</summary>
    MacSwap,

    /// <summary>Sends back what came with Ethernet addresses, IP addresses and UDP/TCP ports exchanged.</summary>
    FiveTupleSwap,

    /// <summary>Answers ARP requests and ICMP echo requests, drops everything else.</summary>
    IcmpEcho,
}

/// <summary>How a testpmd is run; the defaults give one queue pair of a split ring with all features DPDK offers.</summary>
public sealed record TestpmdOptions
{
    /// <summary>Gets the number of queue pairs.</summary>
    public int QueuePairs { get; init; } = 1;

    /// <summary>Gets the ring size in descriptors; only a front-end sets it.</summary>
    public int QueueSize { get; init; } = 1024;

    /// <summary>Gets whether testpmd creates the socket (default of a back-end) or connects to it (default of a front-end).</summary>
    public bool? Listen { get; init; }

    /// <summary>Gets the lengths, in bytes, of a generated packet's segments (<c>--txpkts</c>); several make a chain.</summary>
    public IReadOnlyList<int> PacketSegments { get; init; } = [64];

    /// <summary>Gets the number of flows flowgen cycles through: how many distinct frames before the numbers begin again.</summary>
    public int Flows { get; init; } = 1024;

    /// <summary>Gets whether txonly varies the IP source address, in a cycle of 256.</summary>
    public bool MultiFlow { get; init; }

    /// <summary>Gets the number of packets handled at once.</summary>
    public int Burst { get; init; } = 32;

    /// <summary>Gets the processor that polls; by default 0 for a back-end and 1 for a front-end, if there are two.</summary>
    public int? Core { get; init; }

    /// <summary>Gets whether a front-end offers packed rings.</summary>
    public bool Packed { get; init; }

    /// <summary>Gets whether a front-end offers VIRTIO_NET_F_MRG_RXBUF.</summary>
    public bool MergeableBuffers { get; init; } = true;

    /// <summary>Gets whether a front-end offers VIRTIO_F_IN_ORDER.</summary>
    public bool InOrder { get; init; } = true;

    /// <summary>Gets the Ethernet address of a front-end's port, the source address of txonly.</summary>
    public string MacAddress { get; init; } = "02:00:00:00:00:01";

    /// <summary>Gets the socket of a second port of the same kind, or null for one port; with two, io forwards from each to the other.</summary>
    public string? SecondSocket { get; init; }

    /// <summary>Gets further device arguments, as <c>name=value,name=value</c>.</summary>
    public string ExtraDevice { get; init; } = "";

    /// <summary>Gets further testpmd arguments.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>Gets whether ordinary pages are used; by default only where hugepages cannot be had.</summary>
    public bool NoHugepages { get; init; }

    /// <summary>Gets the memory of testpmd in MiB; a front-end shares all of it.</summary>
    public int MemoryMegabytes { get; init; } = 256;

    /// <summary>Gets a pcap file whose packets mode <see cref="TestpmdMode.Io"/> sends once, losing none.</summary>
    public string? ReplayFile { get; init; }

    /// <summary>Gets a pcap file into which mode <see cref="TestpmdMode.Io"/> writes what it receives.</summary>
    public string? CaptureFile { get; init; }

    /// <summary>Gets whether forwarding starts at once, not with <see cref="Testpmd.StartForwarding"/>.</summary>
    public bool AutoStart { get; init; } = true;

    /// <summary>Gets whether testpmd takes commands; otherwise it prints its statistics every second (<c>--stats-period=1</c>).</summary>
    public bool Interactive { get; init; } = true;

    /// <summary>Gets the time after which testpmd ends in any case.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromSeconds(60);
}
