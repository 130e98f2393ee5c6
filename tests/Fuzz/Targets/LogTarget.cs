using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Fuzz.Targets;

/// <summary>Logs of any size at any place of their file, and writes at any address: a mark is made inside the log, or refused by name.</summary>
internal sealed unsafe class LogTarget : FuzzTarget
{
    private const int FileSize = 8192;

    private readonly FileDescriptor _file = FuzzMemory.CreateFile(FileSize);
    private readonly byte* _bytes;

    public LogTarget() => _bytes = Libc.Map(FileSize, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, _file.Number, 0);

    public override string Name => "log";

    public override int InputBytes => 96;

    public override int Run(ref FuzzInput input)
    {
        var file = new Span<byte>(_bytes, FileSize);
        file.Clear();
        var payload = new LogPayload
        {
            Size = input.OneIn(8) ? input.NearLimit() : (ulong)(1 + input.Below(512)),
            Offset = input.OneIn(8) ? input.NearLimit() : (ulong)input.Below(FileSize),
        };
        try
        {
            using DirtyLog log = DirtyLog.Map(payload, _file);
            while (!input.IsEmpty) Mark(log, payload, ref input);
        }
        catch (VhostException error)
        {
            Blame(error);
        }
        if (payload.Offset <= FileSize && payload.Size <= FileSize - payload.Offset) file.Slice((int)payload.Offset, (int)payload.Size).Clear();
        FuzzFailure.Unless(file.IndexOfAnyExcept((byte)0) < 0, $"Bits outside of the log ({payload}) were set.");
        return 1;
    }

    public override void Dispose()
    {
        Libc.Unmap(_bytes, FileSize);
        _file.Dispose();
    }

    private void Mark(DirtyLog log, LogPayload payload, ref FuzzInput input)
    {
        ulong address = input.OneIn(8) ? input.NearLimit() : (ulong)input.Below(512) * 8 * 4096 + (ulong)input.Below(65536);
        ulong length = input.OneIn(8) ? input.NearLimit() : input.UInt16();
        bool covers = log.Covers(address, length);
        try
        {
            log.Mark(address, length);
            Good();
            FuzzFailure.Unless(covers || length == 0, "A write that the log does not cover was marked.");
        }
        catch (VhostException error)
        {
            FuzzFailure.Unless(!covers, "A write that the log covers was refused.");
            Blame(error);
            return;
        }
        if (length == 0) return;
        foreach (ulong at in (ReadOnlySpan<ulong>)[address, address + (length - 1)])
        {
            ulong page = at >> DirtyLog.PageShift;
            FuzzFailure.Unless((_bytes[payload.Offset + page / 8] >> (int)(page % 8) & 1) != 0, $"The page of address 0x{at:x} was not marked.");
        }
    }
}
