using System.Diagnostics;
using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>Requests whose replies are no plain numbers, and kicks by message.</summary>
internal sealed unsafe partial class FrontEnd
{
    /// <summary>Sends a request that always has a reply, or is made to have one, and reads it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="fds">Descriptors that go along.</param>
    /// <param name="needReply">Whether NEED_REPLY is set.</param>
    /// <param name="patience">How long to wait.</param>
    /// <param name="read">Reads the reply; descriptors that it does not take are closed.</param>
    /// <param name="cancel">Ends the wait.</param>
    public T Exchange<T>(FrontEndRequest request, ReadOnlySpan<byte> payload, ReadOnlySpan<int> fds, bool needReply, TimeSpan patience, Func<Message, T> read, CancellationToken cancel)
    {
        lock (_turn)
        {
            connection.Send(MessageHeader.ForRequest(request, payload.Length, needReply), payload, fds);
            Message reply = Await(request, patience, cancel);
            try
            {
                CheckReply(reply, request, -1);
                return read(reply);
            }
            finally
            {
                reply.CloseFds();
            }
        }
    }

    /// <summary>Sends any request as it is, and waits for a reply if the table or NEED_REPLY promises one.</summary>
    public VhostRequestResult AskByHand(FrontEndRequest request, ReadOnlySpan<byte> payload, ReadOnlySpan<int> fds, bool needReply, TimeSpan patience, CancellationToken cancel)
    {
        string name = MessageTable.NameOf(request);
        bool promised = MessageTable.TryGet(request, out MessageRule rule) && rule.Reply == ReplyRule.Always;
        if (promised || needReply)
        {
            long start = Stopwatch.GetTimestamp();
            VhostRequestResult result = Exchange(request, payload, fds, needReply, patience, reply => VhostRequestResult.Of(name, reply), cancel);
            return result with { Elapsed = Stopwatch.GetElapsedTime(start) };
        }
        lock (_turn) connection.Send(MessageHeader.ForRequest(request, payload.Length), payload, fds);
        return VhostRequestResult.Sent(name);
    }

    /// <summary>Kicks a ring by message (INBAND_NOTIFICATIONS). It needs no turn: one message is one sendmsg, and nothing comes back.</summary>
    public void Kick(int ring)
    {
        var payload = new VringStatePayload { Index = (uint)ring };
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                connection.Send(MessageHeader.ForRequest(FrontEndRequest.VringKick, sizeof(VringStatePayload)), new ReadOnlySpan<byte>(&payload, sizeof(VringStatePayload)));
                return;
            }
            catch (VhostException error) when (error.Error == VhostError.PeerTimeout && Stopwatch.GetElapsedTime(start) < timeout)
            {
                // The socket is full of kicks that were not read: wait for room.
                Libc.Poll([new pollfd { fd = connection.Fd, events = Libc.POLLOUT }], 100);
            }
        }
    }

    /// <summary>Looks whether the back-end closed or spoke out of turn; not while another thread waits for a reply, which finds it out itself.</summary>
    public void Notice(string client)
    {
        if (!_turn.TryEnter()) return;
        try
        {
            if (connection.TryReceive())
                throw new VhostException(VhostError.ReplyInvalid, $"The back-end sent {connection.Current.Name} without being asked.", client, "It breaks the specification.");
        }
        finally
        {
            _turn.Exit();
        }
    }
}
