using VhostUser.Protocol;
using Xunit;
using static VhostUser.Protocol.FdRule;
using P = VhostUser.Protocol.ProtocolFeatures;

namespace VhostUser.Tests.Protocol;

/// <summary>The ten back-end requests against the specification ("Back-end message types"), row by row.</summary>
public sealed class BackEndMessageTableTests
{
    [Theory]
    [InlineData(1u, "BACKEND_IOTLB_MSG", 32, (int)NoFd, P.None, false)]
    [InlineData(2u, "BACKEND_CONFIG_CHANGE_MSG", 0, (int)NoFd, P.Config, false)]
    [InlineData(3u, "BACKEND_VRING_HOST_NOTIFIER_MSG", 24, (int)OneUnlessNoFd, P.HostNotifier | P.BackendSendFd, false)]
    [InlineData(4u, "BACKEND_VRING_CALL", 8, (int)NoFd, P.InbandNotifications, false)]
    [InlineData(5u, "BACKEND_VRING_ERR", 8, (int)NoFd, P.InbandNotifications, false)]
    [InlineData(6u, "BACKEND_SHARED_OBJECT_ADD", 16, (int)NoFd, P.SharedObject, false)]
    [InlineData(7u, "BACKEND_SHARED_OBJECT_REMOVE", 16, (int)NoFd, P.SharedObject, false)]
    [InlineData(8u, "BACKEND_SHARED_OBJECT_LOOKUP", 16, (int)NoFd, P.SharedObject, true)]
    [InlineData(9u, "BACKEND_SHMEM_MAP", 40, (int)One, P.Shmem | P.BackendSendFd, false)]
    [InlineData(10u, "BACKEND_SHMEM_UNMAP", 40, (int)NoFd, P.Shmem, false)]
    public void A_row_is_that_of_the_specification(uint number, string name, int size, int fds, P gate, bool always)
    {
        Assert.True(BackEndMessageTable.TryGet((BackEndRequest)number, out BackEndMessageRule rule));
        Assert.Equal((number, name, size, fds, gate, always), ((uint)rule.Request, rule.Name, rule.Size, (int)rule.Fds, rule.Gate, rule.Reply == ReplyRule.Always));
        Assert.Equal(name["BACKEND_".Length..].Replace("_", "", StringComparison.Ordinal), rule.Request.ToString(), ignoreCase: true);
    }

    [Fact]
    public void The_table_has_ten_rows_and_knows_no_other()
    {
        Assert.Equal(10, BackEndMessageTable.Rules.Length);
        foreach (uint number in new uint[] { 0, 11, 255, uint.MaxValue }) Assert.False(BackEndMessageTable.TryGet((BackEndRequest)number, out _));
    }
}
