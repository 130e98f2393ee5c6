using VhostUser.Endpoints;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Every refused message, with and without acknowledgements.</summary>
public sealed class MessageCaseTests : HostileTest
{
    private static readonly Dictionary<string, MessageCase> s_cases =
        new[] { FdCases.All, MemoryCases.All, RingCases.All, StateCases.All }.SelectMany(table => table).ToDictionary(row => row.Name);

    public static TheoryData<string> Names => [.. s_cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Without_acknowledgements_the_session_ends_and_says_why(string name)
    {
        MessageCase row = s_cases[name];
        using (RawFrontEnd attacker = Connect())
        {
            MessageCase.Reach(attacker, row.Stage, row.Protocol & ~ProtocolFeatures.ReplyAck);
            row.Prepare(attacker);
            row.Send(attacker, RawMessage.Version);
            AssertEnded(attacker, row.Error, row.Words);
        }
        AssertSurvived();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void With_acknowledgements_the_answer_is_no_and_the_session_goes_on_as_if_nothing_had_come(string name)
    {
        MessageCase row = s_cases[name];
        using (RawFrontEnd attacker = Connect())
        {
            MessageCase.Reach(attacker, row.Stage, row.Protocol | ProtocolFeatures.ReplyAck);
            row.Prepare(attacker);
            row.Send(attacker, RawMessage.NeedReply);
            if (row.HasOwnReply)
            {
                AssertEnded(attacker, row.Error, row.Words);
            }
            else
            {
                using RawMessage? answer = attacker.Socket.Receive();
                Assert.True(answer is not null, Server.Snapshot().Fault);
                Assert.Equal((uint)row.Request, answer.Request);
                Assert.Equal(RawMessage.Reply, answer.Flags);
                Assert.Equal(1UL, answer.UInt64);
                VhostServerInfo info = Server.Snapshot();
                foreach (string word in row.Words) Assert.Contains(word, info.LastRefusal, StringComparison.Ordinal);
                MessageCase.Finish(attacker, row.Stage);
                Assert.True(attacker.PassPacket(), "The session's packets do not come back.");
                Assert.Null(Server.Snapshot().FaultId);
            }
        }
        AssertSurvived();
    }
}
