// One end of a link in a process of its own: a server, the link, and unless a real guest is to connect, a client that sends numbered
// packets and checks those of the other end. For tests of two processes, network namespaces, and guests (publish it self-contained:
// dotnet publish tests/LinkProcess -c Release -r linux-x64 --self-contained -p:PublishSingleFile=true).
//
// Arguments, in any order, each NAME=VALUE:
//   listen=ADDRESS | connect=HOST      one of the two
//   port=N             port of the control channel (18530)
//   provider=auto|verbs|efa|tcp|shm    (auto)
//   mode=auto|bundle|direct            (auto)
//   pairs=N            queue pairs (1)
//   packets=N          packets to send, and to expect, on each queue pair (100000)
//   min=N, max=N       bytes of the shortest and longest packet (64, 9000)
//   seconds=N          the longest time for the traffic (60)
//   lossy=1            packets may be missing, but none altered, repeated or out of order; then the traffic ends with its time
//   drop=SECONDS       -DropAfter (60)
//   key=BASE64         the credential; encrypt=1 encrypts frames
//   insecure=1         -AllowInsecure
//   socket=PATH        the vhost-user socket, for a front-end of another process; then no traffic is made here
//   test=1             measure the link before the traffic: prints a line "test …"
//   up=SECONDS         how long to wait for the link to come up (30)
//
// It prints "ready" when it listens or begins to connect, "up …" when the link is up, then "ok …" or "failed …" with counts, and ends when
// its standard input does (exit code 0 or 1), so that the other end can finish. Each line read prints a line "state …" meanwhile.
using System.Globalization;
using VhostUser;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Tests.LinkProcess;
using VhostUser.Transport;

Dictionary<string, string> options = args.Select(arg => arg.Split('=', 2)).ToDictionary(part => part[0], part => part.Length > 1 ? part[1] : "1");
string Text(string name, string otherwise) => options.GetValueOrDefault(name, otherwise);
int Number(string name, int otherwise) => options.TryGetValue(name, out string? value) ? int.Parse(value, CultureInfo.InvariantCulture) : otherwise;
bool Is(string name) => Number(name, 0) == 1;

string folder = Directory.CreateTempSubdirectory("link").FullName;
bool ownTraffic = !options.ContainsKey("socket");
string socket = Text("socket", Path.Combine(folder, "link.sock"));
int pairs = Number("pairs", 1);
bool ok = true;
try
{
    using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "link", Path = socket, QueuePairs = pairs, Force = true });
    using SharedRegion? region = ownTraffic ? SharedRegion.Create(new SharedRegionOptions { Name = "link", Size = (16 + 32 * pairs) << 20 }) : null;
    using VhostClient? client = region is null ? null : VhostClient.Connect(new VhostClientOptions
    {
        Name = "guest", Path = socket, Regions = [region], QueuePairs = pairs, QueueSize = 1024, BufferSize = 4096,
    });
    using IbTransport link = IbTransport.Create(new IbTransportOptions
    {
        Name = "link",
        Listen = options.GetValueOrDefault("listen"),
        Connect = options.GetValueOrDefault("connect"),
        Port = Number("port", IbTransportOptions.DefaultPort),
        Provider = Enum.Parse<LinkProvider>(Text("provider", "auto"), ignoreCase: true),
        Mode = Enum.Parse<LinkMode>(Text("mode", "auto"), ignoreCase: true),
        Credential = options.TryGetValue("key", out string? key) ? LinkCredential.FromText(key) : null,
        Encrypt = Is("encrypt"),
        AllowInsecure = Is("insecure"),
        DropAfter = TimeSpan.FromSeconds(Number("drop", 60)),
    }, server);
    IbTransportInfo first = link.Snapshot();
    Console.WriteLine($"ready {first.Address}");
    if (!link.WaitFor([IbTransportState.Up], TimeSpan.FromSeconds(Number("up", 30))))
    {
        IbTransportInfo info = link.Snapshot();
        Console.WriteLine($"failed not up: {info.FaultId} {info.Fault} {info.FaultAction}");
        return 1;
    }
    IbTransportInfo up = link.Snapshot();
    Console.WriteLine($"up {up.Provider} {up.Mode} pairs {up.QueuePairs} peer {up.PeerAddress}");
    if (Is("test"))
    {
        IbTransportTest test = link.Test(1000, TimeSpan.FromSeconds(2));
        Console.WriteLine($"test median {test.Median.TotalMicroseconds:0.0} us, 99% {test.Percentile99.TotalMicroseconds:0.0} us, {test.BitsPerSecond / 1e9:0.00} Gb/s");
    }
    if (client is not null) ok = RunTraffic(client);
    while (Console.ReadLine() is not null) Console.WriteLine(Describe(link, server));
}
catch (VhostException error)
{
    Console.WriteLine($"failed {error.Error}: {error.Message} {error.RecommendedAction}");
    ok = false;
}
finally
{
    Directory.Delete(folder, recursive: true);
}
return ok ? 0 : 1;

bool RunTraffic(VhostClient client)
{
    LinkTraffic[] traffic = [.. Enumerable.Range(0, pairs).Select(pair => new LinkTraffic(client, pair, Number("min", 64), Number("max", 9000)))];
    bool[] complete = new bool[pairs];
    var failures = new List<string>();
    Thread[] threads = [.. Enumerable.Range(0, pairs).Select(pair => new Thread(() =>
    {
        try
        {
            complete[pair] = traffic[pair].Run(Is("lossy") ? long.MaxValue : long.Parse(Text("packets", "100000"), CultureInfo.InvariantCulture), TimeSpan.FromSeconds(Number("seconds", 60)), Is("lossy"));
        }
        catch (Exception error) when (error is InvalidOperationException or VhostException)
        {
            lock (failures) failures.Add($"pair {pair}: {error.Message}");
        }
    }))];
    foreach (Thread thread in threads) thread.Start();
    foreach (Thread thread in threads) thread.Join();
    bool good = failures.Count == 0 && (Is("lossy") || complete.All(done => done));
    Console.WriteLine($"{(good ? "ok" : "failed")} sent {traffic.Sum(pair => pair.Sent)} received {traffic.Sum(pair => pair.Received)} missing {traffic.Sum(pair => pair.Missing)} {string.Join("; ", failures)}");
    return good;
}

static string Describe(IbTransport link, VhostServer server)
{
    IbTransportInfo info = link.Snapshot();
    VhostServerInfo guest = server.Snapshot();
    return $"state {info.State} sessions {info.Sessions} sent {info.PacketsSent} received {info.PacketsReceived} lost {info.Lost} dropped {info.Dropped + guest.Dropped} fault {info.FaultId ?? "none"} {info.Fault}";
}
