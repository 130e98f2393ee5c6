// The README's five-minute story without PowerShell: a region, a server, a client, one packet there and back, and what the rings
// look like afterwards. Ends with code 1 when no packet came back.
using System.Diagnostics;
using VhostUser;
using VhostUser.Endpoints;
using VhostUser.Examples;
using VhostUser.Memory;
using VhostUser.Packets;

string folder = Directory.CreateTempSubdirectory("vhost-user-").FullName;
string socket = Path.Combine(folder, "lab.sock");
TimeSpan patience = TimeSpan.FromSeconds(2);
try
{
    Story.Step("Shared memory: a sealed memfd of 64 MB. No root, no hugepages.");
    using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 64 << 20 });
    Story.Show(region.Snapshot());

    Story.Step("A back-end that listens on a Unix socket and sends every packet back.");
    using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = socket, Mode = ServerMode.Echo });

    Story.Step("A front-end that connects, shares the region and starts one receive and one transmit ring.");
    using VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = socket, Regions = [region], QueueSize = 256 });
    if (!server.WaitFor([EndpointState.Running], patience)) return Story.Fail("the server did not reach Running.");
    Story.Show(server.Snapshot());

    Story.Step("'hello' goes out on ring 1 and comes back on ring 0.");
    VhostPacket hello = PacketBuilder.Build(new PacketSpec { Destination = System.Net.IPAddress.Parse("10.0.0.2"), PayloadText = "hello" });
    Story.Show("sent", hello);
    client.Send(hello.Bytes.Span, queue: 1, count: 1, rate: 0, patience, CancellationToken.None);
    var received = new List<ReceivedPacket>();
    if (client.Receive(received, queue: 0, max: 1, patience, CancellationToken.None) == 0)
    {
        Story.Show(client.GetVringStates());
        Story.Show(server.GetVringStates());
        return Story.Fail("no packet came back; the verdicts above say where it waits.");
    }
    Story.Show("received", received[0]);
    if (!received[0].Bytes.Span.SequenceEqual(hello.Bytes.Span)) return Story.Fail("the packet came back changed.");

    Story.Step("The same two rings, seen from both ends.");
    Story.Show(client.GetVringStates());
    Story.Show(server.GetVringStates());

    Story.Step("The descriptors of ring 1 that were touched, as the server reads them.");
    Story.Show(server.GetVringStates(queue: 1, descriptors: true)[0].Descriptors.Where(descriptor => descriptor.Address != 0).Take(4));

    Story.Step("Two seconds of 64-byte packets, 64 at a time, there and back.");
    byte[] frame = PacketBuilder.Build(new PacketSpec { Length = 64 }).Bytes.ToArray();
    long there = 0, back = 0;
    var clock = Stopwatch.StartNew();
    while (clock.Elapsed < TimeSpan.FromSeconds(2))
    {
        there += client.Send(frame, 1, 64, 0, patience, CancellationToken.None);
        while (back < there)
        {
            received.Clear();
            int count = client.Receive(received, 0, 64, patience, CancellationToken.None);
            if (count == 0) return Story.Fail($"{there - back} of {there} packets did not come back.");
            back += count;
        }
    }
    Story.Throughput(there, frame.Length, clock.Elapsed);

    Story.Step("Clean up: the client stops its rings, the server removes its socket, the region is unmapped.");
    return 0;
}
catch (VhostException error)
{
    return Story.Fail($"{error.Error}: {error.Message} {error.RecommendedAction}");
}
finally
{
    Directory.Delete(folder, recursive: true);
}
