using System.Runtime.InteropServices;

namespace VhostUser.Interop.Fabric;

#pragma warning disable CS0649 // filled in by the library

/// <summary>struct fi_msg: one message to send, or one buffer to receive into.</summary>
internal unsafe struct fi_msg
{
    public iovec* msg_iov;
    public nint* desc;
    public nuint iov_count;
    public ulong addr;
    public nint context;
    public ulong data;
}

internal struct fi_cq_data_entry
{
    public nint op_context;
    public ulong flags;
    public nuint len;
    public nint buf;
    public ulong data;
}

/// <summary>struct fi_cq_err_entry, with room for what later versions put behind it.</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal struct fi_cq_err_entry
{
    public nint op_context;
    public ulong flags;
    public nuint len;
    public nint buf;
    public ulong data;
    public ulong tag;
    public nuint olen;
    public int err;
    public int prov_errno;
}

/// <summary>struct fi_eq_cm_entry, with room for the data of a connection request behind it.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16 + Capacity)]
internal unsafe struct fi_eq_cm_entry
{
    public const int Capacity = 256;

    public fid* fid;
    public fi_info* info;
    public byte data;
}

/// <summary>struct fi_eq_err_entry, with room for what later versions put behind it.</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal struct fi_eq_err_entry
{
    public nint fid;
    public nint context;
    public ulong data;
    public int err;
    public int prov_errno;
}

internal struct fi_cq_attr
{
    public nuint size;
    public ulong flags;
    public int format;
    public int wait_obj;
    public int signaling_vector;
    public int wait_cond;
    public nint wait_set;
}

internal struct fi_eq_attr
{
    public nuint size;
    public ulong flags;
    public int wait_obj;
    public int signaling_vector;
    public nint wait_set;
}

/// <summary>struct fi_av_attr: the addresses of peers of connectionless endpoints.</summary>
[StructLayout(LayoutKind.Sequential, Size = 48)]
internal struct fi_av_attr
{
    public int type;
    public int rx_ctx_bits;
    public nuint count;
}
