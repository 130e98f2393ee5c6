using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Tests.Peers;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>How far the handshake went before the bad message.</summary>
public enum Stage
{
    /// <summary>Features are set; no memory.</summary>
    Negotiated,
    /// <summary>One memory region is set.</summary>
    Memory,
    /// <summary>Both rings have a size.</summary>
    Sized,
    /// <summary>Both rings run and are enabled.</summary>
    Running,
}

/// <summary>One message that must be refused: where, what, and what the refusal says.</summary>
internal sealed record MessageCase(string Name, Stage Stage, FrontEndRequest Request, Func<RawFrontEnd, byte[]> Payload, VhostError Error, string[] Words)
{
    /// <summary>Descriptors to send along, made for the case and closed after it.</summary>
    public Func<RawFrontEnd, FileDescriptor[]> Fds { get; init; } = _ => [];

    /// <summary>Correct messages between the stage and the bad one.</summary>
    public Action<RawFrontEnd> Prepare { get; init; } = _ => { };

    /// <summary>Protocol features of the session, REPLY_ACK apart.</summary>
    public ProtocolFeatures Protocol { get; init; } = RawFrontEnd.AllProtocolFeatures;

    /// <summary>A request whose reply carries a value has no way to say no: the session ends even with REPLY_ACK. That to SET_LOG_BASE carries none.</summary>
    public bool HasOwnReply => Request != FrontEndRequest.SetLogBase && MessageTable.TryGet(Request, out MessageRule rule) && rule.Reply == ReplyRule.Always && VhostUser.Endpoints.BackEnd.Supports(Request);

    public static MessageCase Of(string name, Stage stage, FrontEndRequest request, byte[] payload, VhostError error, params string[] words) =>
        new(name, stage, request, _ => payload, error, words);

    /// <summary>Takes a front-end to the stage.</summary>
    public static void Reach(RawFrontEnd frontEnd, Stage stage, ProtocolFeatures protocol)
    {
        frontEnd.Negotiate(protocol);
        if (stage >= Stage.Memory) frontEnd.SetMemTable();
        if (stage == Stage.Sized) for (int ring = 0; ring < 2; ring++) frontEnd.SetVringNum(ring);
        if (stage == Stage.Running) Finish(frontEnd, Stage.Memory);
    }

    /// <summary>Goes on from the stage until both rings run.</summary>
    public static void Finish(RawFrontEnd frontEnd, Stage from)
    {
        if (from == Stage.Running) return;
        if (from == Stage.Negotiated) frontEnd.SetMemTable();
        for (int ring = 0; ring < 2; ring++) frontEnd.SetUpRing(ring);
        for (int ring = 0; ring < 2; ring++) frontEnd.SetVringEnable(ring);
    }

    /// <summary>Sends the message; the descriptors are closed here as soon as they are sent.</summary>
    public bool Send(RawFrontEnd frontEnd, uint flags)
    {
        FileDescriptor[] fds = Fds(frontEnd);
        try
        {
            return frontEnd.Send(Request, Payload(frontEnd), [.. fds.Select(fd => fd.Number)], flags);
        }
        finally
        {
            foreach (FileDescriptor fd in fds) fd.Dispose();
        }
    }
}
