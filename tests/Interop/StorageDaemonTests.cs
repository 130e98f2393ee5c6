using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Interop.Peers;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>Our front-end against a back-end made with libvhost-user: a disk, read and written in raw chains.</summary>
[Peer("qemu-storage-daemon (libvhost-user)", "back-end")]
public sealed class StorageDaemonTests : IDisposable
{
    private const int Sectors = 8192, Queues = 2;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    private readonly SocketFolder _folder = new();
    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 16 << 20 });
    private readonly byte[] _content = new byte[Sectors * BlockDisk.Sector];

    public StorageDaemonTests()
    {
        new Random(Sectors).NextBytes(_content);
        File.WriteAllBytes(Image, _content);
    }

    private string Image => _folder.File("disk.img");

    public void Dispose()
    {
        _region.Dispose();
        _folder.Dispose();
    }

    [PeerTheory(Programs.StorageDaemon)]
    [InlineData(VirtioFeatures.None)]
    [InlineData(VirtioFeatures.EventIdx | VirtioFeatures.IndirectDesc)]
    public void A_disk_is_read_and_written_sector_by_sector_as_its_image_shows(VirtioFeatures excluded)
    {
        using StorageDaemon daemon = StorageDaemon.Start(_folder.Socket, Image, Queues);
        using VhostClient client = Connect(excluded);
        BlockDisk disk = new(client);
        Assert.EndsWith("qemu-storage-daemon", client.Snapshot().PeerExecutable);
        Assert.Equal((ulong)Sectors, disk.Capacity);
        Assert.Equal(_content[..4096], disk.Read(0, 4096));
        Assert.Equal(_content[^512..], disk.Read(Sectors - 1, 512));

        Random random = new(2);
        for (int i = 0; i < 300; i++)
        {
            int sector = random.Next(Sectors - 64), length = random.Next(1, 64) * BlockDisk.Sector;
            Memory<byte> part = _content.AsMemory(sector * BlockDisk.Sector, length);
            if (random.Next(2) == 0)
            {
                random.NextBytes(part.Span);
                disk.Write((ulong)sector, part, i % Queues);
            }
            else
            {
                Assert.True(part.Span.SequenceEqual(disk.Read((ulong)sector, length, i % Queues)), $"{length} bytes at sector {sector}");
            }
        }
        disk.WaitUntilWritten();
        Assert.True(disk.RefusesUnknownRequests());
        Assert.Equal(21, disk.ReadId().Length);
        client.Dispose();
        daemon.Program.Stop(Bound);
        Assert.True(_content.AsSpan().SequenceEqual(File.ReadAllBytes(Image)), "the image is not what was written");
    }

    [PeerFact(Programs.StorageDaemon)]
    public void Requests_of_several_threads_are_in_flight_together_and_none_gets_the_answer_of_another()
    {
        using StorageDaemon daemon = StorageDaemon.Start(_folder.Socket, Image, Queues);
        using VhostClient client = Connect(VirtioFeatures.None);
        BlockDisk disk = new(client);
        int done = 0;
        Task[] workers = [.. Enumerable.Range(0, 8).Select(worker => Task.Factory.StartNew(() =>
        {
            Random random = new(worker);
            byte[] data = new byte[8 * BlockDisk.Sector];
            for (int i = 0; i < 100; i++)
            {
                // Each worker has sectors of its own: what it reads is what it wrote last.
                ulong sector = (ulong)(worker * 1024 + random.Next(1000));
                random.NextBytes(data);
                disk.Write(sector, data, worker % Queues);
                Assert.Equal(data, disk.Read(sector, data.Length, worker % Queues));
                Interlocked.Increment(ref done);
            }
        }, TaskCreationOptions.LongRunning))];
        int most = 0;
        while (!Task.WaitAll(workers, 0)) most = Math.Max(most, client.GetVringStates().Max(ring => ring.InFlight));
        Assert.Equal(800, done);
        Assert.True(most > 1, "never were two requests in flight on one ring");
        Assert.All(client.GetVringStates(), ring => Assert.Equal((0, client.Snapshot().QueueSize), (ring.InFlight, ring.Free)));
    }

    [PeerFact(Programs.StorageDaemon)]
    public void A_daemon_that_dies_is_noticed_and_its_successor_serves_the_same_disk()
    {
        byte[] data = new byte[4096];
        using (StorageDaemon first = StorageDaemon.Start(_folder.Socket, Image, Queues))
        using (VhostClient client = Connect(VirtioFeatures.None))
        {
            BlockDisk disk = new(client);
            new Random(3).NextBytes(data);
            disk.Write(100, data);
            first.Program.Kill();
            Deadline.Wait(() => client.Snapshot().State, state => state is EndpointState.Disconnected or EndpointState.Faulted, Bound);
            Assert.ThrowsAny<VhostException>(() => disk.Read(0, 512));
        }
        File.Delete(_folder.Socket);
        for (int round = 0; round < 5; round++)
        {
            using StorageDaemon next = StorageDaemon.Start(_folder.Socket, Image, Queues);
            for (int session = 0; session < 3; session++)
            {
                using VhostClient client = Connect(VirtioFeatures.None);
                BlockDisk disk = new(client);
                Assert.Equal(data, disk.Read(100, data.Length));
                new Random(round).NextBytes(data);
                disk.Write(100, data);
            }
        }
        Assert.Equal(data, File.ReadAllBytes(Image)[(100 * BlockDisk.Sector)..][..data.Length]);
    }

    [PeerTheory(Programs.StorageDaemon)]
    [InlineData(VirtioFeatures.None)]
    [InlineData(VirtioFeatures.EventIdx | VirtioFeatures.IndirectDesc)]
    public void Requests_in_flight_when_the_daemon_is_killed_are_done_by_the_next_one(VirtioFeatures excluded)
    {
        const int writers = 6, writes = 12, kills = 3;
        StorageDaemon daemon = StorageDaemon.Start(_folder.Socket, Image, Queues, writesPerSecond: 25);
        try
        {
            using VhostClient client = Connect(excluded, reconnect: true);
            // The daemon keeps no records, so the client itself must find what was used out of turn: reads overtake the slow writes.
            Assert.DoesNotContain("InflightShmfd", client.Snapshot().OfferedProtocolFeatures);
            BlockDisk disk = new(client);
            Task[] workers = [.. Enumerable.Range(0, writers).Select(worker => Task.Factory.StartNew(() =>
            {
                Random random = new(worker);
                for (int i = 0; i < writes; i++)
                {
                    int sector = worker * 1024 + 8 * i;
                    Memory<byte> part = _content.AsMemory(sector * BlockDisk.Sector, 8 * BlockDisk.Sector);
                    random.NextBytes(part.Span);
                    disk.Write((ulong)sector, part, worker % Queues);
                    Assert.True(part.Span.SequenceEqual(disk.Read((ulong)sector, part.Length, worker % Queues)), $"sector {sector}");
                }
            }, TaskCreationOptions.LongRunning))];
            for (int kill = 1; kill <= kills; kill++)
            {
                Deadline.Wait(() => client.GetVringStates().Sum(ring => ring.InFlight), inFlight => inFlight >= writers / 2, Bound);
                daemon.Program.Kill();
                daemon.Dispose();
                File.Delete(_folder.Socket);
                daemon = StorageDaemon.Start(_folder.Socket, Image, Queues, kill < kills ? 25 : 0);
                Deadline.Wait(client.Snapshot, now => now.Reconnects == kill, Bound);
            }
            Task.WaitAll(workers);
            disk.WaitUntilWritten();
            Assert.True(client.Snapshot().Retransmitted > 0, "no request was in flight at any kill");
            Assert.All(client.GetVringStates(), ring => Assert.Equal(0, ring.InFlight));
            client.Dispose();
            daemon.Program.Stop(Bound);
            Assert.True(_content.AsSpan().SequenceEqual(File.ReadAllBytes(Image)), "the image is not what was written");
        }
        finally
        {
            daemon.Dispose();
        }
    }

    [PeerFact(Programs.StorageDaemon)]
    public void A_range_beyond_the_configuration_space_is_refused_by_name_and_the_session_goes_on()
    {
        using StorageDaemon daemon = StorageDaemon.Start(_folder.Socket, Image, Queues);
        using VhostClient client = Connect(VirtioFeatures.None);
        Assert.Equal(VhostError.InvalidArgument, Assert.Throws<VhostException>(() => client.GetConfig(0, 257)).Error);
        Assert.Equal(_content[..512], new BlockDisk(client).Read(0, 512));
        Assert.Equal(60, client.GetConfig(0, 60).Length);
    }

    private VhostClient Connect(VirtioFeatures excluded, bool reconnect = false) => VhostClient.Connect(new VhostClientOptions
    {
        Name = "vm0",
        Path = _folder.Socket,
        Regions = [_region],
        Device = ClientDevice.Other,
        RingCount = Queues,
        QueueSize = 128,
        ExcludeFeatures = excluded,
        Retry = true,
        Reconnect = reconnect,
    });
}
