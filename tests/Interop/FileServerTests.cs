using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>Our front-end against QEMU's virtiofsd, made with libvhost-user: files are read, made and written in raw chains.</summary>
[Peer("virtiofsd (libvhost-user)", "back-end")]
public class FileServerTests
{
    private const int NotFound = -2; // -ENOENT
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    [FileServerTheory]
    [InlineData(VirtioFeatures.None)]
    [InlineData(VirtioFeatures.EventIdx | VirtioFeatures.IndirectDesc)]
    public void Files_are_read_made_and_written(VirtioFeatures excluded)
    {
        using SocketFolder folder = new();
        string shared = Directory.CreateDirectory(folder.File("shared")).FullName;
        byte[] content = new byte[300_000], written = new byte[100_000];
        new Random(7).NextBytes(content);
        new Random(8).NextBytes(written);
        File.WriteAllBytes(Path.Combine(shared, "there"), content);

        using FileServer server = FileServer.Start(folder.Socket, shared);
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 16 << 20 });
        using (VhostClient client = VhostClient.Connect(new VhostClientOptions
        {
            Name = "vm0", Path = folder.Socket, Regions = [region], Device = ClientDevice.Other, RingCount = 2, QueueSize = 64, ExcludeFeatures = excluded,
        }))
        {
            Assert.EndsWith("virtiofsd", client.Snapshot().PeerExecutable);
            FuseClient files = new(client);
            Assert.Equal(7u, files.Init().Major);
            Assert.Equal(NotFound, files.FindFails(FuseClient.Root, "nowhere"));

            (ulong node, ulong length) = files.Find(FuseClient.Root, "there");
            Assert.Equal((ulong)content.Length, length);
            ulong handle = files.Open(node);
            for (int offset = 0; offset < content.Length; offset += 65_536)
                Assert.Equal(content[offset..Math.Min(offset + 65_536, content.Length)], files.Read(node, handle, (ulong)offset, 65_536));
            files.Close(node, handle);

            (node, handle) = files.Create(FuseClient.Root, "made");
            Assert.Equal(written.Length, files.Write(node, handle, 0, written));
            Assert.Equal(written[5_000..9_000], files.Read(node, handle, 5_000, 4_000));
            files.Close(node, handle);
            Assert.All(client.GetVringStates(), ring => Assert.Equal(0, ring.InFlight));
        }
        Assert.True(server.Program.WaitForExit(Bound), "virtiofsd did not end with its front-end");
        Assert.Equal(written, File.ReadAllBytes(Path.Combine(shared, "made")));
    }
}
