using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using VhostUser.Endpoints;
using VhostUser.Packets;
using VhostUser.Transport;
using Xunit;

namespace VhostUser.Tests.Transport;

/// <summary>Other ends that lie, flood, replay and stand still: each is turned away with a reason, and the honest end finds its place free.</summary>
public sealed class HostilePeerTests : LinkTest
{
    private static readonly byte[] s_key = LinkCredential.CreateKey();

    private static IbTransportOptions Guarded => Options with { Credential = LinkCredential.FromKey(s_key) };

    [FabricFact]
    public void A_wrong_key_is_refused_at_both_ends_by_name()
    {
        IbTransport listening = Listen(Server("left"), Guarded);
        IbTransport wrong = Connect(Server("wrong"), listening, Options with { Credential = LinkCredential.FromKey(LinkCredential.CreateKey()) });
        Await(() => wrong.Snapshot().FaultId == nameof(VhostError.LinkUnauthorized), "the refusal");
        Await(() => listening.Snapshot() is { Rejected: > 0, FaultId: nameof(VhostError.LinkRefused) }, "the count of it");
        IbTransport none = Connect(Server("none"), listening);
        Await(() => none.Snapshot().FaultId == nameof(VhostError.LinkUnauthorized), "the refusal of no key");
        wrong.Dispose();
        none.Dispose();
        HonestEndStillComes(listening);
    }

    [FabricFact]
    public void Without_a_credential_only_loopback_is_let_in_unless_told_so()
    {
        VhostServer server = Server("left");
        foreach (string address in (string[])["0.0.0.0", "10.1.2.3", "::"])
        {
            var error = Assert.Throws<VhostException>(() => IbTransport.Create(Options with { Name = "x", Listen = address }, server));
            Assert.Equal(VhostError.InvalidArgument, error.Error);
            Assert.Contains("-Credential", error.RecommendedAction);
        }
        Assert.Throws<VhostException>(() => IbTransport.Create(Options with { Name = "x", Connect = "example.com" }, server));
        Keep(IbTransport.Create(Guarded with { Name = "x", Listen = "0.0.0.0", Port = 0 }, server)).Dispose();
        Keep(IbTransport.Create(Options with { Name = "x", Listen = "0.0.0.0", Port = 0, AllowInsecure = true }, server));
    }

    [FabricFact]
    public void An_overheard_proof_proves_nothing_a_second_time()
    {
        IbTransport listening = Listen(Server("left"), Guarded);
        int port = PortOf(listening);
        LinkHello hello = LinkHelloTests.Hello() with { Nonce = LinkCredential.CreateKey() };
        byte[] overheard;
        using (var first = new TcpClient("127.0.0.1", port))
        {
            var control = new ControlStream(first.GetStream(), isListener: false);
            control.SendAsync(ControlMessage.Hello, hello.ToBytes(), default).Wait();
            byte[] reply = control.ExpectAsync(ControlMessage.Hello, default).Result;
            overheard = new LinkSecrets(s_key, hello.ToBytes(), reply[..^LinkSecrets.ProofSize]).ConnectorProof;
        }
        using var second = new TcpClient("127.0.0.1", port);
        var replay = new ControlStream(second.GetStream(), isListener: false);
        replay.SendAsync(ControlMessage.Hello, hello.ToBytes(), default).Wait();
        replay.ExpectAsync(ControlMessage.Hello, default).Wait();
        replay.SendAsync(ControlMessage.Proof, overheard, default).Wait();
        Assert.Null(replay.ReceiveAsync(default).Result); // nothing but the end
        Await(() => listening.Snapshot().FaultId == nameof(VhostError.LinkUnauthorized), "the refusal");
        HonestEndStillComes(listening);
    }

    [FabricTheory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("\0\0\0\0")]
    [InlineData("\u00ff\u00ff\u0001\0")]
    [InlineData("\u0058\0\u0001\0garbage of eighty-eight bytes that is no hello at all, but has the length of one, or so..........")]
    public void Garbage_is_no_hello(string text)
    {
        IbTransport listening = Listen(Server("left"), Guarded);
        using var stranger = new Socket(SocketType.Stream, ProtocolType.Tcp);
        stranger.Connect(IPAddress.Loopback, PortOf(listening));
        stranger.Send([.. text.Select(c => (byte)c)]);
        try
        {
            stranger.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, stranger.Receive(new byte[100]));
        }
        catch (SocketException)
        {
            // Turned away before it had said all.
        }
        Await(() => listening.Snapshot().Rejected > 0, "the rejection");
        HonestEndStillComes(listening);
    }

    [FabricFact]
    public void A_flood_of_silent_connections_does_not_keep_the_honest_end_out()
    {
        IbTransport listening = Listen(Server("left"), Guarded);
        int port = PortOf(listening);
        Socket[] flood = [.. Enumerable.Range(0, 200).Select(_ => new Socket(SocketType.Stream, ProtocolType.Tcp))];
        try
        {
            foreach (Socket socket in flood) socket.ConnectAsync(IPAddress.Loopback, port).Wait(1000);
            HonestEndStillComes(listening);
        }
        finally
        {
            foreach (Socket socket in flood) socket.Dispose();
        }
    }

    [FabricFact]
    public void A_token_is_good_once_and_a_false_one_never()
    {
        IbTransport listening = Listen(Server("left"), Guarded);
        using RogueEnd rogue = RogueEnd.Connect(PortOf(listening), s_key);
        AwaitUp(listening);
        var fabric = new IPEndPoint(IPAddress.Loopback, FabricEngine.ReadAddress(rogue.Agreement.Address).Port);
        foreach (byte[] token in (byte[][])[rogue.Agreement.Token, new byte[FabricEngine.TokenSize]])
        {
            Assert.ThrowsAny<VhostException>(() =>
            {
                using FabricEngine second = FabricEngine.ForPeer(FabricProvider.Of(LinkProvider.Tcp), fabric, IPAddress.Loopback, 1, 4);
                second.Connect(token, TimeSpan.FromSeconds(2), default);
            });
        }
        Assert.Equal(IbTransportState.Up, listening.State);
    }

    [FabricTheory]
    [InlineData("length", "Length")]
    [InlineData("count", "Count")]
    [InlineData("queue", "Queue")]
    [InlineData("credits", "Credit")]
    [InlineData("packet", "Packet")]
    [InlineData("sequence", "Sequence")]
    [InlineData("short", "TooShort")]
    [InlineData("long", "")]           // more than the receive buffer: the fabric itself may end the connection
    public void A_false_frame_ends_the_session_and_harms_nobody(string what, string fault)
    {
        VhostServer server = Server("left");
        VhostClient guest = Guest("left");
        IbTransport listening = Listen(server, Guarded);
        using (RogueEnd rogue = RogueEnd.Connect(PortOf(listening), s_key))
        {
            AwaitUp(listening);
            rogue.Send(rogue.Frame()); // an honest one first
            Await(() => server.Snapshot().PacketsSent == 1, "the honest frame's packet");
            byte[] frame = rogue.Frame();
            switch (what)
            {
                case "length": BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(12), 70000); break;
                case "count": frame[6] = 9; break;
                case "queue": frame[4] = 3; break;
                case "credits": BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(24), 1000); break;
                case "packet": BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(FrameHeader.Size), 65551); break;
                case "sequence": frame[16]++; break;
                case "short": frame = frame[..20]; break;
                default: frame = new byte[100_000]; break;
            }
            rogue.Send(frame);
            Assert.True(listening.WaitFor([IbTransportState.Listening], Bound));
            if (fault.Length > 0) Assert.Contains(": " + fault + ".", listening.Snapshot().Fault);
        }
        Assert.Equal(EndpointState.Running, server.State);
        Assert.Equal(1, server.Snapshot().PacketsSent);
        IbTransport honest = Connect(Server("right"), listening, Guarded);
        VhostClient other = Guest("right");
        AwaitUp(listening, honest);
        var received = new List<ReceivedPacket>();
        Assert.Equal(1, guest.Receive(received, 0, 1, Bound, default)); // the honest frame's packet
        Pass(other, guest, "after the attack");
    }

    [FabricFact]
    public void A_peer_that_never_gives_credits_back_stops_nothing_but_its_own_packets()
    {
        VhostServer server = Server("left");
        VhostClient guest = Guest("left");
        IbTransport listening = Listen(server, Guarded with { DropAfter = TimeSpan.FromSeconds(0.3) });
        using RogueEnd rogue = RogueEnd.Connect(PortOf(listening), s_key);
        AwaitUp(listening);
        using var stop = new CancellationTokenSource();
        Task alive = Task.Run(() =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                rogue.Poll();
                if (i % 200 == 0 && i / 200 < 40) rogue.Send(rogue.Frame(type: FrameType.Credit)); // signs of life, with nothing consumed
                Thread.Sleep(1);
            }
        });
        new LinkProcess.LinkTraffic(guest, 0, 1400, 1500).Run(100_000, TimeSpan.FromSeconds(3), lossy: false);
        Await(() => server.Snapshot().Drops.GetValueOrDefault("LinkDown") > 0, "a drop of what waited too long");
        stop.Cancel();
        alive.Wait();
        Assert.Equal(EndpointState.Running, server.State);
    }

    [FabricFact]
    public void Another_end_does_not_take_over_a_link_that_is_up()
    {
        IbTransport listening = Listen(Server("left")), first = Connect(Server("right"), listening);
        AwaitUp(listening, first);
        IbTransport second = Connect(Server("third"), listening);
        Await(() => second.Snapshot().FaultId == nameof(VhostError.LinkRefused), "the refusal");
        Assert.Contains("up with another end", second.Snapshot().Fault);
        Assert.Equal((IbTransportState.Up, 1), (first.State, first.Snapshot().Sessions));
    }

    [FabricFact]
    public void Ends_with_certificates_know_each_other_by_fingerprint()
    {
        using var one = TestCertificate.Create("one");
        using var two = TestCertificate.Create("two");
        string first = one.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256), second = two.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256);
        IbTransport listening = Listen(Server("left"), Options with { Credential = LinkCredential.FromCertificate(one, second), Encrypt = true });
        IbTransport wrong = Connect(Server("wrong"), listening, Options with { Credential = LinkCredential.FromCertificate(one, first) });
        Await(() => wrong.Snapshot().Fault is not null, "the refusal of another certificate");
        Assert.NotEqual(IbTransportState.Up, wrong.State);
        wrong.Dispose();
        VhostClient a = Guest("left");
        IbTransport right = Connect(Server("right"), listening, Options with { Credential = LinkCredential.FromCertificate(two, first) });
        VhostClient b = Guest("right");
        AwaitUp(listening, right);
        Pass(a, b, "over TLS and AES");
        Assert.Equal(("Certificate", true), (right.Snapshot().Authentication, right.Snapshot().Encrypted));
    }

    private void HonestEndStillComes(IbTransport listening)
    {
        IbTransport honest = Connect(Server("honest"), listening, Guarded);
        AwaitUp(honest, listening);
        honest.Dispose();
    }
}
