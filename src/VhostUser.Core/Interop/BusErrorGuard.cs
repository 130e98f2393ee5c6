using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace VhostUser.Interop;

/// <summary>
/// Keeps the process alive when a peer truncates memory that is mapped here.
/// <para>
/// The first touch of a page beyond the end of its file raises SIGBUS, which .NET answers by ending the process. This guard handles
/// the signal first: when the address lies in a registered mapping, it puts anonymous zero pages over the whole mapping, marks it
/// as lost, and returns to the instruction, which then reads zeros. The session sees the mark and ends with an error. Any other
/// SIGBUS goes to the handler that was there before. A signal can arrive on a thread that runs managed code, where managed code
/// must not be entered again: the handler is therefore 106 bytes of machine code, which call nothing but mmap(2).
/// </para>
/// </summary>
internal static unsafe class BusErrorGuard
{
    /// <summary>The most mappings that are guarded at a time in one process.</summary>
    private const int Capacity = 4096;

    // rsi = siginfo_t*, si_addr at 16; each slot is { start, length, lost, unused }.
    private static ReadOnlySpan<byte> HandlerX64 =>
    [
        0x48, 0x8b, 0x46, 0x10,                                     // 00 mov  rax, [rsi+16]        the address that faulted
        0x49, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0,                         // 04 mov  r8, <slots>          filled in at 6
        0xb9, 0, 0, 0, 0,                                           // 0e mov  ecx, <capacity>      filled in at 15
        0x49, 0x89, 0xc1,                                           // 13 mov  r9, rax
        0x4d, 0x2b, 0x08,                                           // 16 sub  r9, [r8]             offset in the mapping
        0x4d, 0x3b, 0x48, 0x08,                                     // 19 cmp  r9, [r8+8]
        0x72, 0x14,                                                 // 1d jb   33                   inside: found
        0x49, 0x83, 0xc0, 0x20,                                     // 1f add  r8, 32
        0xff, 0xc9,                                                 // 23 dec  ecx
        0x75, 0xec,                                                 // 25 jnz  13
        0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0,                         // 27 mov  rax, <old handler>   filled in at 41
        0xff, 0xe0,                                                 // 31 jmp  rax
        0x57, 0x56, 0x52,                                           // 33 push rdi, rsi, rdx
        0x49, 0xc7, 0x40, 0x10, 0x01, 0x00, 0x00, 0x00,             // 36 mov  qword [r8+16], 1     lost
        0x49, 0x8b, 0x38,                                           // 3e mov  rdi, [r8]
        0x49, 0x8b, 0x70, 0x08,                                     // 41 mov  rsi, [r8+8]
        0xba, 0x03, 0x00, 0x00, 0x00,                               // 45 mov  edx, PROT_READ|PROT_WRITE
        0x41, 0xba, 0x32, 0x40, 0x00, 0x00,                         // 4a mov  r10d, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS|MAP_NORESERVE
        0x49, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff,                   // 50 mov  r8, -1
        0x45, 0x31, 0xc9,                                           // 57 xor  r9d, r9d
        0xb8, 0x09, 0x00, 0x00, 0x00,                               // 5a mov  eax, SYS_mmap
        0x0f, 0x05,                                                 // 5f syscall
        0x5a, 0x5e, 0x5f,                                           // 61 pop  rdx, rsi, rdi
        0x48, 0x85, 0xc0,                                           // 64 test rax, rax
        0x78, 0xbe,                                                 // 67 js   27                   no luck: the old handler
        0xc3,                                                       // 69 ret
    ];

    private static readonly Lock s_lock = new();
    private static Slot* s_slots;

    [StructLayout(LayoutKind.Sequential)]
    private struct Slot
    {
        public ulong Start;
        public ulong Length;
        public ulong Lost;
        public ulong Unused;
    }

    /// <summary>Whether this architecture has a handler.</summary>
    public static bool IsSupported => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Guards a mapping; returns its slot, or -1 where no guard can be had.</summary>
    public static int Register(void* start, ulong length)
    {
        if (!IsSupported) return -1;
        lock (s_lock)
        {
            if (s_slots == null)
            {
                lock (SignalKeeper.Gate) Install();
            }
            for (int i = 0; i < Capacity; i++)
            {
                if (s_slots[i].Length != 0) continue;
                s_slots[i].Start = (ulong)start;
                s_slots[i].Lost = 0;
                Volatile.Write(ref s_slots[i].Length, length); // last: a slot of length 0 matches nothing
                return i;
            }
            return -1;
        }
    }

    /// <summary>Ends the guard; call it before the mapping is removed.</summary>
    public static void Unregister(int slot)
    {
        if (slot >= 0) Volatile.Write(ref s_slots[slot].Length, 0);
    }

    /// <summary>Whether the mapping of this slot lost its file.</summary>
    public static bool IsLost(int slot) => slot >= 0 && Volatile.Read(ref s_slots[slot].Lost) != 0;

    private static void Install()
    {
        Slot* slots = (Slot*)Libc.Map((ulong)(Capacity * sizeof(Slot)), Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS, -1, 0);
        sigaction_t old = Libc.GetSignalAction(Libc.SIGBUS);
        byte* code = Libc.Map(4096, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS, -1, 0);
        var span = new Span<byte>(code, 4096);
        HandlerX64.CopyTo(span);
        BinaryPrimitives.WriteUInt64LittleEndian(span[6..], (ulong)slots);
        BinaryPrimitives.WriteUInt32LittleEndian(span[15..], Capacity);
        // SIG_DFL and SIG_IGN (0 and 1) are no code: jumping there raises SIGSEGV, which ends the process as SIGBUS would have.
        BinaryPrimitives.WriteUInt64LittleEndian(span[41..], (ulong)old.sa_sigaction);
        Libc.Protect(code, 4096, Libc.PROT_READ | Libc.PROT_EXEC);
        s_slots = slots;
        // Flags and mask stay as they were, SA_ONSTACK above all: the old handler must find the stack that it was installed for.
        old.sa_sigaction = (nint)code;
        old.sa_flags |= Libc.SA_SIGINFO;
        Libc.SetSignalAction(Libc.SIGBUS, old);
    }
}
