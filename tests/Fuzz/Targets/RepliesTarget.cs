using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Fuzz.Targets;

/// <summary>A back-end whose replies are spoilt, against a front-end's handshake: it ends with an error that names the reply, or goes through.</summary>
internal sealed class RepliesTarget : FuzzTarget
{
    private static readonly (FrontEndRequest Request, ulong Value)[] s_replies =
    [
        (FrontEndRequest.GetFeatures, (ulong)BackEndOptions.DefaultFeatures), (FrontEndRequest.GetProtocolFeatures, (ulong)BackEndOptions.DefaultProtocolFeatures),
        (FrontEndRequest.SetStatus, 0), (FrontEndRequest.SetFeatures, 0), (FrontEndRequest.SetStatus, 0), (FrontEndRequest.GetStatus, 11), (FrontEndRequest.GetMaxMemSlots, 8), (FrontEndRequest.AddMemReg, 0),
    ];

    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "fuzz", Size = 1 << 20 });
    private readonly FileDescriptor _eventFd = Libc.EventFd();
    private readonly byte[] _reply = new byte[5000];

    public override string Name => "replies";

    public override int InputBytes => 96;

    public override int Run(ref FuzzInput input)
    {
        (FileDescriptor ours, FileDescriptor theirs) = Libc.UnixSocketPair();
        using var peer = new FuzzSocket(theirs);
        using var frontEnd = new FrontEnd(new Connection(ours, isFrontEnd: true), TimeSpan.FromSeconds(1));
        int sent = 0;
        foreach ((FrontEndRequest request, ulong value) in s_replies)
        {
            int length = Make(request, value);
            if (input.OneIn(3)) Spoil(ref input, ref length);
            int[] fds = input.OneIn(12) ? [.. Enumerable.Repeat(_eventFd.Number, input.Below(8))] : [];
            if (peer.Send(_reply.AsSpan(0, length), fds)) sent++;
        }
        peer.EndSending(); // so that a missing reply is known at once
        try
        {
            var handshake = new Handshake(frontEnd, new VhostClientOptions { Name = "fuzz", Path = "", Regions = [_region] });
            handshake.Negotiate(default);
            handshake.ShareMemory(default);
            Good();
        }
        catch (VhostException error) when (error.Error != VhostError.NativeCallFailed)
        {
            Blame(error);
        }
        return sent;
    }

    public override void Dispose()
    {
        _eventFd.Dispose();
        _region.Dispose();
    }

    private int Make(FrontEndRequest request, ulong value)
    {
        System.Runtime.InteropServices.MemoryMarshal.Write(_reply, MessageHeader.ForReply(request, 8));
        BitConverter.TryWriteBytes(_reply.AsSpan(MessageHeader.Size), value);
        return MessageHeader.Size + 8;
    }

    private void Spoil(ref FuzzInput input, ref int length)
    {
        int at = input.Below(MessageHeader.Size + 8);
        switch (input.Below(6))
        {
            case 0: _reply[at] ^= (byte)(1 << input.Below(8)); break;
            case 1: _reply[at] = input.Byte(); break;
            case 2: BitConverter.TryWriteBytes(_reply.AsSpan(8), (uint)input.NearLimit()); break;
            case 3: length = 1 + at; break;
            case 4: length += input.Below(300); break;
            default: BitConverter.TryWriteBytes(_reply.AsSpan(MessageHeader.Size), input.NearLimit()); break;
        }
    }
}
