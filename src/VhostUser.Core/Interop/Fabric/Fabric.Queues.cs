namespace VhostUser.Interop.Fabric;

/// <summary>Messages, completions and events: fi_ops_msg, fi_ops_cq, fi_ops_eq.</summary>
internal static unsafe partial class Fabric
{
    /// <summary>Posts a message; false when the queue is full for now.</summary>
    public static bool TrySend(fid_ep* endpoint, fi_msg* message, ulong flags) =>
        Accepted(((delegate* unmanaged<fid_ep*, fi_msg*, ulong, nint>)endpoint->msg->sendmsg)(endpoint, message, flags), "fi_sendmsg");

    /// <summary>Posts a buffer to receive into; false when the queue is full for now.</summary>
    public static bool TryReceive(fid_ep* endpoint, fi_msg* message, ulong flags) =>
        Accepted(((delegate* unmanaged<fid_ep*, fi_msg*, ulong, nint>)endpoint->msg->recvmsg)(endpoint, message, flags), "fi_recvmsg");

    /// <summary>Reads completions; 0 when there is none, -1 when an error waits for <see cref="ReadError(fid_cq*)"/>.</summary>
    public static int Read(fid_cq* cq, fi_cq_data_entry* entries, int count)
    {
        nint result = ((delegate* unmanaged<fid_cq*, fi_cq_data_entry*, nuint, nint>)cq->ops->read)(cq, entries, (nuint)count);
        if (result > 0) return (int)result;
        if (result == -FI_EAVAIL) return -1;
        return result is 0 or -FI_EAGAIN ? 0 : throw Failed("fi_cq_read", -(int)result);
    }

    public static fi_cq_err_entry ReadError(fid_cq* cq)
    {
        fi_cq_err_entry entry = default;
        ((delegate* unmanaged<fid_cq*, fi_cq_err_entry*, ulong, nint>)cq->ops->readerr)(cq, &entry, 0);
        return entry;
    }

    /// <summary>Reads an event; 0 when there is none, and a negative error number when one is reported. Returns the bytes of the entry.</summary>
    public static int Read(fid_eq* eq, out uint kind, fi_eq_cm_entry* entry)
    {
        uint code = 0;
        nint result = ((delegate* unmanaged<fid_eq*, uint*, fi_eq_cm_entry*, nuint, ulong, nint>)eq->ops->read)(eq, &code, entry, (nuint)sizeof(fi_eq_cm_entry), 0);
        kind = code;
        if (result >= 0) return (int)result;
        if (result == -FI_EAGAIN) return 0;
        if (result != -FI_EAVAIL) return (int)result;
        fi_eq_err_entry error = default;
        ((delegate* unmanaged<fid_eq*, fi_eq_err_entry*, ulong, nint>)eq->ops->readerr)(eq, &error, 0);
        return error.err == 0 ? -Errno.ECONNRESET : -error.err;
    }

    private static bool Accepted(nint result, string function) => result == 0 || (result == -FI_EAGAIN ? false : throw Failed(function, -(int)result));
}
