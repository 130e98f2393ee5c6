using VhostUser.Endpoints;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Every rule of a ring that a driver can break in shared memory, against every kind of device.</summary>
public sealed class RingContentTests : HostileTest
{
    private static readonly Dictionary<string, RingContentCase> s_cases = RingContentCases.All.ToDictionary(row => row.Name);

    public static TheoryData<string> Names => [.. s_cases.Keys];

    /// <summary>These devices never look at ring 0 unless they have something to send.</summary>
    public static TheoryData<string, ServerMode> TransmitNames
    {
        get
        {
            var data = new TheoryData<string, ServerMode>();
            foreach (RingContentCase row in s_cases.Values.Where(row => !row.OnReceiveRing && !row.Name.EndsWith("goes back", StringComparison.Ordinal)))
            {
                data.Add(row.Name, ServerMode.Sink);
                data.Add(row.Name, ServerMode.Script);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_ring_that_breaks_a_rule_ends_the_session_which_says_why(string name)
    {
        RingContentCase row = s_cases[name];
        using (RawFrontEnd attacker = Connect(new GuestMemory(row.MemorySize)))
        {
            row.Attack(attacker);
            AssertEnded(attacker, row.Error, row.Words);
        }
        AssertSurvived();
    }

    [Theory]
    [MemberData(nameof(TransmitNames))]
    public void Other_devices_say_the_same(string name, ServerMode mode)
    {
        RingContentCase row = s_cases[name];
        string path = SocketPath + "2";
        int handled = 0;
        var options = new VhostServerOptions { Name = "other", Path = path, Mode = mode };
        if (mode == ServerMode.Script)
            options = options with
            {
                Handler = (queue, header, frame) =>
                {
                    Interlocked.Increment(ref handled);
                    return [];
                },
            };
        using (VhostServer server = VhostServer.Start(options))
        using (RawFrontEnd attacker = RawFrontEnd.Connect(path, new GuestMemory(row.MemorySize)))
        {
            row.Attack(attacker);
            Assert.True(attacker.Socket.WaitForClose(), $"The session goes on; expected {row.Error}.");
            VhostServerInfo info = server.Snapshot();
            Assert.Equal(row.Error.ToString(), info.FaultId);
            foreach (string word in row.Words) Assert.Contains(word, info.Fault, StringComparison.Ordinal);
            Assert.Equal(EndpointState.Listening, info.State);
            Assert.Equal(0, info.PacketsReceived);
            Assert.Equal(0, handled);
            using RawFrontEnd good = RawFrontEnd.Connect(path);
            good.Start();
            RingContentCase.OfferPacket(good, 0);
            good.Signal(1);
            Assert.True(RawFrontEnd.WaitUntil(() => good.Rings[1].UsedIndex == 1));
            Assert.Equal(1, server.Snapshot().PacketsReceived);
        }
        AssertSurvived();
    }
}
