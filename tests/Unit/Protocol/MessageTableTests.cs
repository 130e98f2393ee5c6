using VhostUser.Protocol;
using Xunit;
using static VhostUser.Protocol.FdRule;
using static VhostUser.Protocol.ReplyRule;
using P = VhostUser.Protocol.ProtocolFeatures;

namespace VhostUser.Tests.Protocol;

/// <summary>The message table against the specification, row by row, and the flags of the headers that are sent.</summary>
public sealed class MessageTableTests
{
    private sealed record Row(string Name, int Size, int MaxSize, object Fds, object Reply, int ReplySize, ulong Gate);

    /// <summary>
    /// Written from the specification ("Front-end message types") and, for sizes, from the C structs of the implementations on
    /// 64-bit machines: IOTLB 32 and INFLIGHT 24 include the padding at their ends.
    /// </summary>
    private static readonly Row[] s_expected =
    [
        Of("GET_FEATURES", 0, NoFd, Always, 8), Of("SET_FEATURES", 8), Of("SET_OWNER", 0), Of("RESET_OWNER", 0),
        Of("SET_MEM_TABLE", 8, PerRegion) with { MaxSize = 264 }, Of("SET_LOG_BASE", 16, One, Always, -1, P.LogShmfd), Of("SET_LOG_FD", 0, One),
        Of("SET_VRING_NUM", 8), Of("SET_VRING_ADDR", 40), Of("SET_VRING_BASE", 8), Of("GET_VRING_BASE", 8, NoFd, Always, 8),
        Of("SET_VRING_KICK", 8, OneUnlessNoFd), Of("SET_VRING_CALL", 8, OneUnlessNoFd), Of("SET_VRING_ERR", 8, OneUnlessNoFd),
        Of("GET_PROTOCOL_FEATURES", 0, NoFd, Always, 8), Of("SET_PROTOCOL_FEATURES", 8), Of("GET_QUEUE_NUM", 0, NoFd, Always, 8, P.Mq),
        Of("SET_VRING_ENABLE", 8), Of("SEND_RARP", 8, gate: P.Rarp), Of("NET_SET_MTU", 8, gate: P.Mtu), Of("SET_BACKEND_REQ_FD", 0, One, gate: P.BackendReq),
        Of("IOTLB_MSG", 32), Of("SET_VRING_ENDIAN", 8, gate: P.CrossEndian),
        Of("GET_CONFIG", 12, NoFd, Always, -1, P.Config) with { MaxSize = 268 }, Of("SET_CONFIG", 12, gate: P.Config) with { MaxSize = 268 },
        Of("CREATE_CRYPTO_SESSION", 0, NoFd, Always, -1, P.CryptoSession) with { MaxSize = 4096 }, Of("CLOSE_CRYPTO_SESSION", 8, gate: P.CryptoSession),
        Of("POSTCOPY_ADVISE", 0, NoFd, Always, -1, P.Pagefault), Of("POSTCOPY_LISTEN", 0, gate: P.Pagefault), Of("POSTCOPY_END", 0, NoFd, Always, 8, P.Pagefault),
        Of("GET_INFLIGHT_FD", 24, NoFd, Always, 24, P.InflightShmfd), Of("SET_INFLIGHT_FD", 24, One, gate: P.InflightShmfd), Of("GPU_SET_SOCKET", 0, One),
        Of("RESET_DEVICE", 0, gate: P.ResetDevice), Of("VRING_KICK", 8, gate: P.InbandNotifications), Of("GET_MAX_MEM_SLOTS", 0, NoFd, Always, 8, P.ConfigureMemSlots),
        Of("ADD_MEM_REG", 40, One, gate: P.ConfigureMemSlots), Of("REM_MEM_REG", 40, Optional, gate: P.ConfigureMemSlots),
        Of("SET_STATUS", 8, gate: P.Status), Of("GET_STATUS", 0, NoFd, Always, 8, P.Status), Of("GET_SHARED_OBJECT", 0, NoFd, Always, -1, P.SharedObject) with { MaxSize = 16 },
        Of("SET_DEVICE_STATE_FD", 8, One, Always, 8, P.DeviceState), Of("CHECK_DEVICE_STATE", 0, NoFd, Always, 8, P.DeviceState),
        Of("GET_SHMEM_CONFIG", 0, NoFd, Always, -1, P.Shmem), Of("GET_VRING_BASE_SKIP_DRAIN", 8, NoFd, Always, 8, P.GetVringBaseSkipDrain),
    ];

    public static TheoryData<uint, string> Numbers
    {
        get
        {
            var data = new TheoryData<uint, string>();
            for (uint i = 0; i < s_expected.Length; i++) data.Add(i + 1, s_expected[i].Name);
            return data;
        }
    }

    [Fact]
    public void The_table_has_the_45_requests_of_the_specification()
    {
        Assert.Equal(45, s_expected.Length);
        Assert.Equal(45, MessageTable.Rules.Length);
        Assert.Equal(45, Enum.GetValues<FrontEndRequest>().Count(request => request != 0));
        foreach (uint number in new uint[] { 0, 46, 255, int.MaxValue, uint.MaxValue }) Assert.False(MessageTable.TryGet((FrontEndRequest)number, out _));
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void A_row_is_that_of_the_specification(uint number, string name)
    {
        Assert.True(MessageTable.TryGet((FrontEndRequest)number, out MessageRule rule));
        Assert.Equal(number, (uint)rule.Request);
        Assert.Equal(s_expected[number - 1], new Row(rule.Name, rule.Size, rule.MaxSize, rule.Fds, rule.Reply, rule.ReplySize, (ulong)rule.Gate));
        Assert.Equal(name.Replace("_", "", StringComparison.Ordinal), rule.Request.ToString(), ignoreCase: true);
    }

    [Fact]
    public void A_reply_has_flags_5_and_a_request_1_or_9()
    {
        Assert.Equal(5u, MessageHeader.ForReply(FrontEndRequest.GetFeatures, 8).Flags);
        Assert.Equal(1u, MessageHeader.ForRequest(FrontEndRequest.SetOwner, 0).Flags);
        Assert.Equal(9u, MessageHeader.ForRequest(FrontEndRequest.SetOwner, 0, needReply: true).Flags);
        Assert.Null(MessageHeader.ForRequest(FrontEndRequest.SetOwner, 0, needReply: true).ExplainRequestFlags());
        Assert.NotNull(MessageHeader.ForReply(FrontEndRequest.SetOwner, 0).ExplainRequestFlags());
    }

    private static Row Of(string name, int size, FdRule fds = NoFd, ReplyRule reply = Ack, int replySize = 8, P gate = P.None) =>
        new(name, size, size, fds, reply, replySize, (ulong)gate);
}
