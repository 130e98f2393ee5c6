using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using Xunit;

namespace VhostUser.Tests.Endpoints.Channel;

/// <summary>Whether two ends can talk, said before they are connected.</summary>
public sealed class FeatureComparisonTests : ChannelTest
{
    [Theory]
    [InlineData("LibvhostUser", "Snabb")]
    [InlineData("Passt", "Vapp")]
    [InlineData("Snabb", "Passt")]
    public void T_55_an_end_that_needs_VERSION_1_and_one_that_lacks_it_can_never_talk(string left, string right)
    {
        FeatureComparison first = FeatureComparison.Compare(FeatureProfile.Find(left)!, FeatureProfile.Find(right)!)[0];
        Assert.Equal(("Version1", FeatureResult.Blocked), (first.Feature, first.Result));
        Assert.Contains("needs it", first.Reason);
    }

    [Fact]
    public void T_61_an_IOMMU_without_the_channel_and_QEMU_without_a_log_are_explained()
    {
        FeatureProfile qemu = FeatureProfile.Find("qemu")!;
        var back = new FeatureProfile { Name = "mine", Features = VirtioFeatures.ProtocolFeatures | VirtioFeatures.AccessPlatform, ProtocolFeatures = ProtocolFeatures.ReplyAck };
        FeatureComparison[] rows = FeatureComparison.Compare(qemu, back);
        Assert.Contains("BackendReq", Row("AccessPlatform", FeatureResult.Blocked).Reason);
        Assert.Contains("migrate", Row("LogShmfd (protocol)", FeatureResult.Limited).Reason);
        Assert.Contains("configuration space", Row("Config (protocol)", FeatureResult.Limited).Reason);

        FeatureComparison Row(string feature, FeatureResult result) => Assert.Single(rows, row => row.Feature == feature && row.Result == result);
    }

    [Fact]
    public void What_is_said_of_our_own_two_ends_is_what_they_then_do()
    {
        using SharedRegion region = Region();
        using VhostServer server = Serve();
        using VhostClient client = Client(region);
        FeatureComparison[] rows = FeatureComparison.Compare(FeatureProfile.Of(server), FeatureProfile.Of(client));
        Assert.DoesNotContain(rows, row => row.Result == FeatureResult.Blocked);
        string[] used = [.. rows.Where(row => row.Result == FeatureResult.Used).Select(row => row.Feature)];
        VhostServerInfo info = server.Snapshot();
        Assert.Equal(info.Features.Concat(info.ProtocolFeatures.Select(name => name + " (protocol)")).Order(), used.Order());
        Assert.All(client.Snapshot().RefusedFeatures, text => Assert.Contains(": ", text));
    }
}
