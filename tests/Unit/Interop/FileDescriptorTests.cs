using VhostUser.Interop;
using VhostUser.Memory;
using Xunit;

namespace VhostUser.Tests.Interop;

public unsafe class FileDescriptorTests
{
    [Fact]
    public void Nothing_that_is_opened_is_inherited_by_children()
    {
        (FileDescriptor first, FileDescriptor second) = Libc.UnixSocketPair();
        using SharedRegion shm = SharedRegion.Create(new SharedRegionOptions { Name = "cloexec", Size = 4096, Backing = RegionBacking.Shm });
        FileDescriptor[] all =
        [
            Libc.EventFd(), Libc.EpollCreate(), Libc.UnixSocket(), first, second, first.Duplicate(), shm.File, shm.File.Duplicate(),
            Libc.MemfdCreate("cloexec", Libc.MFD_CLOEXEC), Libc.Open("/dev/null", Libc.O_RDWR),
        ];
        foreach (FileDescriptor fd in all)
        {
            Assert.NotEqual(0, Flags(fd.Number) & Libc.O_CLOEXEC);
            fd.Dispose();
        }
    }

    [Fact]
    public void A_descriptor_is_closed_once_however_often_it_is_disposed()
    {
        FileDescriptor fd = Libc.EventFd();
        int number = fd.Number;
        Assert.Contains("eventfd", new FileInfo($"/proc/self/fd/{number}").LinkTarget);
        using FileDescriptor copy = fd.Duplicate();
        Assert.NotEqual(number, copy.Number);
        fd.Dispose();
        fd.Dispose();
        Assert.True(fd.IsClosed);
        Assert.True(EventFd.Signal(copy.Number)); // the copy lives on
    }

    [Fact]
    public void A_failure_names_the_function_and_the_error_number()
    {
        var error = Assert.Throws<LinuxException>(() => Libc.Open("/nowhere/at/all", Libc.O_RDWR));
        Assert.Equal((Errno.ENOENT, "open('/nowhere/at/all')", VhostError.NativeCallFailed), (error.Errno, error.Function, error.Error));
        Assert.Contains("errno 2", error.Message);
        Assert.Equal(VhostError.PermissionDenied, new LinuxException("open", Errno.EACCES).Error);
    }

    [Fact]
    public void An_eventfd_counts_signals_and_never_blocks()
    {
        using FileDescriptor fd = Libc.EventFd();
        Assert.Equal(0ul, EventFd.Consume(fd.Number));
        for (int i = 0; i < 3; i++) Assert.True(EventFd.Signal(fd.Number));
        Assert.Equal(3ul, EventFd.Consume(fd.Number));
        Assert.Equal(0ul, EventFd.Consume(fd.Number));
    }

    [Fact]
    public void A_full_eventfd_refuses_a_signal_instead_of_blocking()
    {
        using FileDescriptor fd = Libc.EventFd();
        ulong most = ulong.MaxValue - 1;
        Assert.Equal(8, Libc.Write(fd.Number, &most, 8));
        Assert.False(EventFd.Signal(fd.Number)); // catalogue D-4
        Assert.Equal(most, EventFd.Consume(fd.Number));
        Assert.True(EventFd.Signal(fd.Number));
    }

    [Fact]
    public void A_descriptor_that_is_no_eventfd_refuses_a_signal()
    {
        Assert.False(EventFd.Signal(-1));
        Assert.Equal(0ul, EventFd.Consume(-1));
        using FileDescriptor folder = Libc.Open("/tmp", 0);
        Assert.False(EventFd.Signal(folder.Number));
    }

    [Fact]
    public void Epoll_and_poll_see_an_eventfd_become_readable()
    {
        using FileDescriptor epoll = Libc.EpollCreate();
        using FileDescriptor fd = Libc.EventFd();
        Libc.EpollAdd(epoll.Number, fd.Number, Libc.EPOLLIN);
        var events = new EpollEvent[4];
        pollfd[] polled = [new pollfd { fd = fd.Number, events = Libc.POLLIN }];
        Assert.Equal(0, Libc.EpollWait(epoll.Number, events, 0));
        Assert.Equal(0, Libc.Poll(polled, 0));
        EventFd.Signal(fd.Number);
        Assert.Equal(1, Libc.EpollWait(epoll.Number, events, -1));
        Assert.Equal(new EpollEvent(Libc.EPOLLIN, fd.Number), events[0]);
        Assert.Equal((1, Libc.POLLIN), (Libc.Poll(polled, -1), polled[0].revents));
        Libc.EpollRemove(epoll.Number, fd.Number);
        Assert.Equal(0, Libc.EpollWait(epoll.Number, events, 0));
    }

    [Fact]
    public void The_peer_of_a_socket_pair_is_this_process()
    {
        (FileDescriptor first, FileDescriptor second) = Libc.UnixSocketPair();
        using (first)
        using (second)
        {
            Assert.Equal(Environment.ProcessId, Libc.GetPeerCredentials(first.Number).pid);
            Assert.True(Libc.Stat(first.Number).IsSocket);
        }
    }

    [Theory]
    [InlineData(107, true)]
    [InlineData(108, false)]
    [InlineData(200, false)]
    public void A_socket_path_has_at_most_107_bytes(int length, bool fits)
    {
        string path = "/" + new string('é', (length - 1) / 2) + ((length - 1) % 2 == 1 ? "x" : ""); // bytes count, not characters
        if (fits) Assert.Equal(Libc.AF_UNIX, sockaddr_un.FromPath(path).sun_family);
        else Assert.Contains($"{length} bytes", Assert.Throws<VhostException>(() => sockaddr_un.FromPath(path)).Message);
    }

    /// <summary>The flags of an open descriptor, O_CLOEXEC among them (proc(5), fdinfo: octal).</summary>
    private static int Flags(int fd) => Convert.ToInt32(File.ReadLines($"/proc/self/fdinfo/{fd}").First(line => line.StartsWith("flags:"))[6..].Trim(), 8);
}
