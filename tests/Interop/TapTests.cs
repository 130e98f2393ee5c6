using System.Diagnostics;
using System.Net;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>A server in mode Tap: the other end is the kernel's network stack, in a network namespace of the test's own.</summary>
[Peer("Linux tap", "kernel")]
public sealed class TapTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    private readonly string _namespace = "vu" + Environment.ProcessId;
    private readonly string _tap = "vut" + Environment.ProcessId % 100_000;

    public void Dispose() => Run("netns", "del", _namespace);

    [TapFact]
    public void The_kernel_answers_arp_and_ping_through_the_tap() => PingThroughTap(VirtioFeatures.None, 12);

    [TapFact]
    public void The_kernel_answers_through_the_tap_with_the_legacy_header() => PingThroughTap(VirtioFeatures.Version1 | VirtioFeatures.MrgRxbuf, 10);

    [TapFact]
    public void A_second_owner_of_the_tap_is_refused_by_name()
    {
        using SocketFolder folder = new();
        using VhostServer first = Start(folder.Socket);
        Assert.Equal(VhostError.TapFailed, Assert.Throws<VhostException>(() => Start(folder.File("second.sock"))).Error);
    }

    private void PingThroughTap(VirtioFeatures excluded, int headerLength)
    {
        using SocketFolder folder = new();
        using VhostServer server = Start(folder.Socket);
        Run("netns", "add", _namespace);
        Run("link", "set", _tap, "netns", _namespace);
        Run("-n", _namespace, "addr", "add", "198.18.9.1/24", "dev", _tap);
        Run("-n", _namespace, "link", "set", _tap, "up");
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 16 << 20 });
        using VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "vm0", Path = folder.Socket, Regions = [region], ExcludeFeatures = excluded });
        Assert.Equal(headerLength, client.Snapshot().HeaderLength);

        IPAddress us = IPAddress.Parse("198.18.9.2"), kernel = IPAddress.Parse("198.18.9.1");
        VhostPacket ask = PacketBuilder.Build(new PacketSpec { Protocol = PacketProtocol.Arp, Source = us, Destination = kernel });
        VhostPacket answer = Exchange(client, ask, packet => packet.Protocol == "ARP" && packet.Source == "198.18.9.1");
        MacAddress mac = answer.SourceMac!.Value;

        for (int length = 64; length <= 1514; length += 290)
        {
            VhostPacket ping = PacketBuilder.Build(new PacketSpec { Protocol = PacketProtocol.Icmp, Source = us, Destination = kernel, DestinationMac = mac, PayloadText = "ping", Length = length });
            VhostPacket pong = Exchange(client, ping, packet => packet.Protocol == "ICMP" && packet.Source == "198.18.9.1" && packet.Destination == "198.18.9.2");
            Assert.Equal(length, pong.Length);
            Assert.Equal(ping.Payload, pong.Payload);
            Assert.True(pong.ChecksumsValid);
        }
        Assert.Null(server.Snapshot().Fault);
    }

    private VhostServer Start(string path) => VhostServer.Start(new VhostServerOptions { Name = "sw0", Path = path, Mode = ServerMode.Tap, Tap = _tap });

    // The kernel sends packets of its own too (IPv6 discovery, an ARP request for us): they are passed over, or answered.
    private static VhostPacket Exchange(VhostClient client, VhostPacket packet, Func<VhostPacket, bool> wanted)
    {
        long start = Stopwatch.GetTimestamp();
        client.Send(packet.Bytes.Span, 1, 1, 0, Bound, default);
        byte[] reply = new byte[64];
        while (Stopwatch.GetElapsedTime(start) < Bound)
        {
            var received = new List<ReceivedPacket>();
            client.Receive(received, 0, 64, TimeSpan.FromSeconds(1), default);
            foreach (ReceivedPacket candidate in received)
            {
                if (wanted(candidate)) return candidate;
                if (ArpResponder.TryBuildArpReply(candidate.Bytes.Span, MacAddress.Parse("02:00:00:00:00:01"), reply, out int length))
                    client.Send(reply.AsSpan(0, length), 1, 1, 0, Bound, default);
            }
        }
        throw new TimeoutException($"no answer to {packet}");
    }

    private static void Run(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
    }
}
