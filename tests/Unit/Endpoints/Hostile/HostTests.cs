using System.Runtime.InteropServices;
using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>What the host does to a server: no more descriptors, memory taken away in holes, connections without end, other users.</summary>
public sealed partial class HostTests : HostileTest
{
    private const int OpenFiles = 7;        // RLIMIT_NOFILE
    private const int PunchHole = 2 | 1;    // FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE

    [Fact]
    public void D_7_A_descriptor_that_can_not_be_opened_ends_the_session_and_a_connection_waits_until_it_can()
    {
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Start();
            using (new NoMoreDescriptors())
            {
                attacker.Send(FrontEndRequest.SetVringCall, RawMessage.Of(0UL), [attacker.Kick(5)]);
                Assert.True(attacker.Socket.WaitForClose());
            }
            VhostServerInfo info = Server.Snapshot();
            Assert.Equal(nameof(VhostError.MessageFdCountInvalid), info.FaultId);
            Assert.Contains("RLIMIT_NOFILE", info.Fault, StringComparison.Ordinal);
        }
        AssertSurvived();
    }

    [Fact]
    public void D_7_A_connection_that_comes_while_no_descriptor_is_left_is_served_when_there_is_one()
    {
        FileDescriptor socket = Libc.UnixSocket();
        using (new NoMoreDescriptors())
        {
            Assert.Equal(0, Libc.Connect(socket.Number, SocketPath));
            Assert.Equal(EndpointState.Listening, Server.Snapshot().State);
        }
        using (var late = new RawSocket(socket))
        {
            Assert.True(late.Send(RawMessage.Bytes(FrontEndRequest.GetFeatures)));
            using RawMessage? reply = late.Receive();
            Assert.Equal((ulong)BackEndOptions.DefaultFeatures, reply?.UInt64);
        }
        AssertSurvived();
    }

    [Fact]
    public void M_7_Holes_that_are_punched_into_memory_read_as_zeros_and_packets_go_on()
    {
        using (RawFrontEnd attacker = Connect())
        {
            attacker.Start();
            Assert.True(attacker.PassPacket());
            Assert.Equal(0, fallocate(attacker.Memory.File.Number, PunchHole, GuestMemory.Buffers, attacker.Memory.Size - GuestMemory.Buffers));
            Assert.True(attacker.PassPacket());
            // The rings themselves: indices that fall back to 0 are an index that jumps.
            Assert.Equal(0, fallocate(attacker.Memory.File.Number, PunchHole, 0, GuestMemory.Buffers));
            attacker.Signal(1);
            Assert.True(attacker.Socket.WaitForClose());
            Assert.Equal(nameof(VhostError.AvailableIndexInvalid), Server.Snapshot().FaultId);
        }
        AssertSurvived();
    }

    [Fact]
    public void F_9_Ten_thousand_connections_that_say_nothing_are_each_taken_and_forgotten()
    {
        for (int i = 0; i < 10_000; i++) RawSocket.Connect(SocketPath).Dispose();
        AssertSurvived();
    }

    [Fact]
    public void H_2_The_peer_s_process_and_user_are_those_that_the_kernel_names()
    {
        using (RawFrontEnd client = Connect())
        {
            client.Start();
            VhostServerInfo info = Server.Snapshot();
            Assert.Equal((Environment.ProcessId, getuid()), (info.PeerProcessId, info.PeerUserId));
        }
        AssertSurvived();
    }

    /// <summary>While it lives, this process can open nothing: the limit is lowered and what is left below it is taken.</summary>
    private sealed class NoMoreDescriptors : IDisposable
    {
        private readonly List<FileDescriptor> _taken = [];
        private readonly (nuint Soft, nuint Hard) _limit;

        public unsafe NoMoreDescriptors()
        {
            (nuint Soft, nuint Hard) limit;
            getrlimit(OpenFiles, (nuint*)&limit);
            _limit = limit;
            limit.Soft = 1 + (nuint)Directory.EnumerateFileSystemEntries("/proc/self/fd").Max(path => int.Parse(System.IO.Path.GetFileName(path), null));
            setrlimit(OpenFiles, (nuint*)&limit);
            try
            {
                while (true) _taken.Add(Libc.EventFd());
            }
            catch (LinuxException)
            {
                // EMFILE: that is what was wanted.
            }
        }

        public unsafe void Dispose()
        {
            (nuint Soft, nuint Hard) limit = _limit;
            setrlimit(OpenFiles, (nuint*)&limit);
            foreach (FileDescriptor fd in _taken) fd.Dispose();
        }
    }

    [LibraryImport("libc")]
    private static partial int fallocate(int fd, int mode, long offset, long length);

    [LibraryImport("libc")]
    private static partial uint getuid();

    [LibraryImport("libc")]
    private static unsafe partial int getrlimit(int resource, nuint* limit);

    [LibraryImport("libc")]
    private static unsafe partial int setrlimit(int resource, nuint* limit);
}
