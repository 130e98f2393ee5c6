using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;
using static VhostUser.Protocol.FrontEndRequest;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Group D: descriptors that are missing, too many, or of the wrong kind.</summary>
internal static class FdCases
{
    public static IEnumerable<MessageCase> All =>
    [
        .. new[] { SetVringKick, SetVringCall, SetVringErr }.SelectMany(OneFd),
        Count("D-1 GET_FEATURES with a descriptor", GetFeatures, [], 1, "expected 0"),
        Count("D-1 SET_FEATURES with a descriptor", SetFeatures, new byte[8], 1, "expected 0"),
        Count("D-1 SET_VRING_NUM with 253 descriptors", SetVringNum, RawMessage.State(0, 256), 253, "came with 253"),
        Count("D-1 GET_VRING_BASE with a descriptor", GetVringBase, RawMessage.State(0, 0), 1, "expected 0"),
        Count("D-1 SET_OWNER with 9 descriptors", SetOwner, [], 9, "came with 9"),
        Table("D-1 SET_MEM_TABLE of one region without a descriptor", 0, "came with 0"),
        Table("D-1 SET_MEM_TABLE of one region with two descriptors", 2, "came with 2"),
        Table("D-1 SET_MEM_TABLE of one region with 32 descriptors", 32, "came with 32"),
        Count("D-1 ADD_MEM_REG without a descriptor", AddMemReg, new byte[40], 0, "expected 1"),
        Count("D-1 ADD_MEM_REG with two descriptors", AddMemReg, new byte[40], 2, "came with 2"),
        Count("D-1 REM_MEM_REG with two descriptors", RemMemReg, new byte[40], 2, "expected 0 to 1"),
        Count("D-5 SET_VRING_KICK with the no-descriptor flag and a descriptor", SetVringKick, RawMessage.Of(0x100UL), 1, "expected 0"),
        Count("D-5 SET_VRING_CALL with the no-descriptor flag and a descriptor", SetVringCall, RawMessage.Of(0x101UL), 1, "expected 0"),
        .. Kinds.SelectMany(kind => Kind(kind.Name, kind.Make)),
        Memory("D-3 memory in an eventfd", Libc.EventFd, "expected the descriptor of a memfd"),
    ];

    private static IEnumerable<(string Name, Func<FileDescriptor> Make)> Kinds =>
    [
        ("a directory", () => Open("/tmp", Directory)),
        ("a socket", () => Keep(Libc.UnixSocketPair())),
        ("an epoll", Libc.EpollCreate),
        ("a pipe's read end", () => Keep(NativeFd.Pipe())),
        ("a pipe's write end", () => Keep(Swap(NativeFd.Pipe()))),
        ("/dev/zero", () => Open("/dev/zero", ReadWrite)),
        ("a read-only file", () => Open("/proc/self/exe", 0)),
        ("a file opened by path only", () => Open("/proc/self/exe", PathOnly)),
    ];

    private const int ReadWrite = 2;
    private const int Directory = 0x10000; // O_DIRECTORY on x86-64; the kind is checked, whatever the flag means elsewhere
    private const int PathOnly = 0x200000;

    private static IEnumerable<MessageCase> OneFd(FrontEndRequest request)
    {
        string name = MessageTable.NameOf(request);
        yield return Count($"D-1 {name} without a descriptor", request, RawMessage.Of(0UL), 0, "came with 0");
        foreach (int count in new[] { 2, 9, 32, 253 })
            yield return Count($"D-1 {name} with {count} descriptors", request, RawMessage.Of(0UL), count, $"came with {count}");
        yield return new MessageCase($"D-3 {name} with a memfd", Stage.Memory, request, _ => RawMessage.Of(0UL), VhostError.MessageFdKindInvalid, [name, "expected an eventfd", "memfd:vhost"])
        {
            Fds = frontEnd => [frontEnd.Memory.File.Duplicate()],
        };
        yield return new MessageCase($"D-3 {name} with an eventfd opened by path only", Stage.Memory, request, _ => RawMessage.Of(0UL), VhostError.MessageFdKindInvalid, [name, "expected an eventfd"])
        {
            Fds = frontEnd => [Open($"/proc/self/fd/{frontEnd.Kick(0)}", PathOnly)],
        };
    }

    private static MessageCase Count(string name, FrontEndRequest request, byte[] payload, int count, string words) =>
        MessageCase.Of(name, Stage.Memory, request, payload, VhostError.MessageFdCountInvalid, MessageTable.NameOf(request), words) with { Fds = _ => EventFds(count) };

    private static MessageCase Table(string name, int count, string words) =>
        new(name, Stage.Negotiated, SetMemTable, frontEnd => RawMessage.MemoryTable([frontEnd.Memory.Row]), VhostError.MessageFdCountInvalid, ["SET_MEM_TABLE", words, "expected 1"])
        {
            Fds = frontEnd => [.. Enumerable.Range(0, count).Select(_ => frontEnd.Memory.File.Duplicate())],
        };

    private static IEnumerable<MessageCase> Kind(string kind, Func<FileDescriptor> make)
    {
        yield return MessageCase.Of($"D-3 kick in {kind}", Stage.Running, SetVringKick, RawMessage.Of(0UL), VhostError.MessageFdKindInvalid, "SET_VRING_KICK", "expected an eventfd, got") with { Fds = _ => [make()] };
        yield return MessageCase.Of($"D-3 call in {kind}", Stage.Running, SetVringCall, RawMessage.Of(1UL), VhostError.MessageFdKindInvalid, "SET_VRING_CALL", "expected an eventfd, got") with { Fds = _ => [make()] };
        yield return Memory($"D-3 memory in {kind}", make, "memory region 0");
    }

    private static MessageCase Memory(string name, Func<FileDescriptor> make, string words) =>
        new(name, Stage.Negotiated, SetMemTable, frontEnd => RawMessage.MemoryTable([frontEnd.Memory.Row]), VhostError.MessageFdKindInvalid, [words]) { Fds = _ => [make()] };

    private static FileDescriptor[] EventFds(int count) => [.. Enumerable.Range(0, count).Select(_ => Libc.EventFd())];

    private static FileDescriptor Open(string path, int flags) => Libc.Open(path, flags, 0);

    private static (FileDescriptor, FileDescriptor) Swap((FileDescriptor First, FileDescriptor Second) pair) => (pair.Second, pair.First);

    private static FileDescriptor Keep((FileDescriptor First, FileDescriptor Second) pair)
    {
        pair.Second.Dispose();
        return pair.First;
    }
}
