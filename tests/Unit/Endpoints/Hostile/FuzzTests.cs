using System.Diagnostics;
using VhostUser.Endpoints;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;
using Xunit.Abstractions;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>
/// Correct messages with random mistakes, sent to a live server. The seed is fixed; with VHOST_FUZZ_SECONDS the run goes on for
/// that long with new seeds.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output) : HostileTest
{
    private const int Messages = 50_000;
    private const int MessagesPerConnection = 40;

    [Fact]
    public void Fifty_thousand_mutated_messages_do_no_harm()
    {
        TimeSpan longer = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("VHOST_FUZZ_SECONDS") ?? "0", System.Globalization.CultureInfo.InvariantCulture));
        var clock = Stopwatch.StartNew();
        int seed = 20_260, sent = 0, connections = 0;
        while (sent < Messages || clock.Elapsed < longer)
        {
            var random = new Random(seed++);
            using RawFrontEnd attacker = Connect();
            connections++;
            try
            {
                if (random.Next(4) == 0) attacker.Start(RawFrontEnd.AllProtocolFeatures);
                else if (random.Next(2) == 0) attacker.Negotiate(RawFrontEnd.AllProtocolFeatures | ProtocolFeatures.Status);
                // Each is read before the next one is sent: what a closed session never read does not count.
                for (int i = 0; i < MessagesPerConnection && attacker.Socket.Send(Mutate(attacker, random, out int[] fds), fds) && attacker.Socket.WaitUntilRead(); i++) sent++;
            }
            catch (IOException)
            {
                // The connection was refused: the session before has not ended yet.
            }
            Assert.True(Server.State is not (EndpointState.Faulted or EndpointState.Stopped), $"Seed {seed - 1}: {Server.Snapshot().Fault}");
            Assert.NotEqual(nameof(VhostError.NativeCallFailed), connections % 64 == 0 ? Server.Snapshot().FaultId : null);
        }
        output.WriteLine($"{sent:#,0} messages on {connections:#,0} connections in {clock.Elapsed.TotalSeconds:0.0} s, seeds 20260 to {seed - 1}");
        AssertSurvived();
    }

    private static byte[] Mutate(RawFrontEnd attacker, Random random, out int[] fds)
    {
        MessageRule rule = MessageTable.Rules[random.Next(MessageTable.Rules.Length)];
        int ring = random.Next(3);
        byte[] payload = rule.Request switch
        {
            FrontEndRequest.SetMemTable => RawMessage.MemoryTable([attacker.Memory.Row]),
            FrontEndRequest.AddMemReg or FrontEndRequest.RemMemReg => RawMessage.Of(new SingleMemoryRegionPayload { Region = attacker.Memory.Row }),
            FrontEndRequest.SetVringAddr => RawMessage.Of(attacker.Rings[ring].Addresses),
            FrontEndRequest.SetVringNum => RawMessage.State((uint)ring, 1u << random.Next(17)),
            FrontEndRequest.SetFeatures => RawMessage.Of((ulong)BackEndOptions.DefaultFeatures),
            FrontEndRequest.SetProtocolFeatures => RawMessage.Of((ulong)BackEndOptions.DefaultProtocolFeatures),
            _ => rule.Size == 8 ? RawMessage.State((uint)ring, (uint)random.Next(2)) : new byte[rule.Size],
        };
        int wanted = rule.Fds is FdRule.One or FdRule.OneUnlessNoFd or FdRule.PerRegion ? 1 : 0;
        if (random.Next(16) == 0) wanted = random.Next(4);
        int fd = rule.Request is FrontEndRequest.SetMemTable or FrontEndRequest.AddMemReg ? attacker.Memory.File.Number : attacker.Kick(5);
        fds = [.. Enumerable.Repeat(fd, wanted)];
        byte[] message = RawMessage.Bytes(rule.Request, payload, random.Next(8) == 0 ? RawMessage.Version : RawMessage.NeedReply);
        for (int mistakes = random.Next(1, 4); mistakes > 0; mistakes--) Break(ref message, random);
        return message;
    }

    private static void Break(ref byte[] message, Random random)
    {
        // Most mistakes are in the payload: one in the header ends the session, and a new one takes time.
        int at = random.Next(message.Length > 12 && random.Next(8) > 0 ? 12 : 0, message.Length);
        switch (random.Next(10))
        {
            case 0: message[at] ^= (byte)(1 << random.Next(8)); break;
            case 1: message[at] = (byte)random.Next(256); break;
            case 2: message[at] = 0xff; break;
            case 3 when random.Next(4) == 0: message[0] = (byte)random.Next(50); break;
            case 4 when random.Next(4) == 0: message = message[..Math.Max(1, at)]; break;
            case 5 when random.Next(4) == 0: message = [.. message, .. new byte[random.Next(1, 300)]]; break;
            case 6 when random.Next(4) == 0: message[Math.Min(8, message.Length - 1)] = (byte)random.Next(64); break;
            default:
                // A whole field of the payload: addresses and sizes near their limits.
                int field = 12 + 8 * random.Next(5);
                if (field + 8 <= message.Length) BitConverter.TryWriteBytes(message.AsSpan(field), ulong.MaxValue >> random.Next(64));
                break;
        }
    }
}
