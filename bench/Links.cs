using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Interop;
using VhostUser.Tests.Interop.Peers;

namespace VhostUser.Bench;

/// <summary>Our ends as the benchmark uses them: a server that polls on the back-end's core, a client with the memory that DPDK has too.</summary>
internal static class Links
{
    private const int RegionBytes = 64 << 20;
    private const int HugePage = 2 << 20;

    public static VhostServer Server(SocketFolder folder, ServerMode mode, int size = 64, bool poll = true) => Server(folder.Socket, mode, size, poll);

    public static VhostServer Server(string socket, ServerMode mode, int size = 64, bool poll = true, int? core = DpdkRuns.BackCore, int pairs = 1) => VhostServer.Start(new VhostServerOptions
    {
        Name = Path.GetFileNameWithoutExtension(socket), Path = socket, Mode = mode, Poll = poll, Core = core, PacketSize = size, QueuePairs = pairs,
    });

    /// <summary>Huge pages where there are some, as DPDK's ends have; else ordinary ones.</summary>
    public static SharedRegion Region(int bytes = RegionBytes) => SharedRegion.Create(new SharedRegionOptions
    {
        Name = "bench", Size = bytes, HugePageSize = Hugepages.Ensure(bytes / HugePage) is null ? HugePage : 0,
    });

    public static VhostClient Client(string socket, SharedRegion region, bool packed = false, int pairs = 1, int size = DpdkRuns.QueueSize) => VhostClient.Connect(new VhostClientOptions
    {
        Name = "bench", Path = socket, Regions = [region], QueueSize = size, QueuePairs = pairs, Retry = true,
        RequireFeatures = packed ? VirtioFeatures.RingPacked : 0,
    });

    /// <summary>Runs work on a thread bound to a core; what it throws comes out here.</summary>
    public static void OnCore(int core, Action work)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Libc.PinThread(core);
                work();
            }
            catch (Exception error)
            {
                failure = error;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null) throw failure;
    }
}
