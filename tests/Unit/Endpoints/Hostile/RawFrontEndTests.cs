using VhostUser.Endpoints;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>The raw front-end behaves when it wants to: what fails in the hostile tests is then the hostile part.</summary>
public sealed class RawFrontEndTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("vhost").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(0UL)]
    [InlineData((ulong)VirtioFeatures.ProtocolFeatures)]
    public void A_correct_raw_front_end_passes_packets(ulong exclude)
    {
        string path = System.IO.Path.Combine(_directory, "raw.sock");
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "raw", Path = path, Mode = ServerMode.Echo });
        using RawFrontEnd client = RawFrontEnd.Connect(path);
        client.Start(exclude: (VirtioFeatures)exclude);
        for (int i = 0; i < 300; i++) Assert.True(client.PassPacket(14 + i), $"packet {i}");
        Assert.Equal(300u, client.GetVringBase(1));
        Assert.Equal(300, server.Snapshot().PacketsReceived);
        client.SetUpRing(1, 300);
        client.SetVringEnable(1);
        Assert.True(client.PassPacket());
    }
}
