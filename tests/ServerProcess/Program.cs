// A server in a process of its own, which tests kill: it answers ARP and pings for an address, and says when its first packet came,
// and when there have been so many that traffic is back for certain.
// Arguments: SOCKET ADDRESS [connect]. It runs until its standard input ends.
using System.Diagnostics;
using System.Net;
using VhostUser.Endpoints;
using VhostUser.Tests.Interop.Peers;

long started = 0, connected = 0;
int packets = 0;
Responder responder = new(IPAddress.Parse(args[1]));
using VhostServer server = VhostServer.Start(new VhostServerOptions
{
    Name = "sw0",
    Path = args[0],
    Connect = args.Contains("connect"),
    Force = true, // whoever was killed left the file of its socket
    Mode = ServerMode.Script,
    Handler = (queue, header, frame) =>
    {
        IReadOnlyList<ReadOnlyMemory<byte>> replies = responder.Handle(queue, header, frame);
        if (replies.Count > 0 && packets++ == 0)
        {
            Console.WriteLine($"traffic {Stopwatch.GetElapsedTime(Volatile.Read(ref started)).TotalMilliseconds:0} ms after the start,"
                + $" {Stopwatch.GetElapsedTime(Volatile.Read(ref connected)).TotalMilliseconds:0} ms after the connection");
        }
        if (replies.Count > 0 && packets == 100) Console.WriteLine("steady");
        return replies;
    },
});
Volatile.Write(ref started, Stopwatch.GetTimestamp());
server.StateChanged += (_, _) =>
{
    if (server.State == EndpointState.Connected) Volatile.Write(ref connected, Stopwatch.GetTimestamp());
};
Console.WriteLine("started");
while (Console.ReadLine() is not null)
{
    VhostServerInfo info = server.Snapshot();
    Console.WriteLine($"state {info.State}, fault {info.Fault ?? "none"}, features {string.Join(' ', info.Features)}");
    foreach (var ring in server.GetVringStates()) Console.WriteLine($"ring {ring.Queue}: {ring.Verdict}");
}
