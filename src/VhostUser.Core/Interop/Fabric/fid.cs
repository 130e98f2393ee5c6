namespace VhostUser.Interop.Fabric;

#pragma warning disable CS0649, CS8981 // filled in by the library; the C name

/// <summary>struct fid: how every object of libfabric begins.</summary>
internal unsafe struct fid
{
    public nuint fclass;
    public nint context;
    public fi_ops* ops;
}

internal struct fi_ops
{
    public nuint size;
    public nint close;
    public nint bind;
    public nint control;
}

internal unsafe struct fid_fabric
{
    public fid fid;
    public fi_ops_fabric* ops;
    public uint api_version;
}

internal struct fi_ops_fabric
{
    public nuint size;
    public nint domain;
    public nint passive_ep;
    public nint eq_open;
    public nint wait_open;
    public nint trywait;
}

internal unsafe struct fid_domain
{
    public fid fid;
    public fi_ops_domain* ops;
    public fi_ops_mr* mr;
}

internal struct fi_ops_domain
{
    public nuint size;
    public nint av_open;
    public nint cq_open;
    public nint endpoint;
}

internal struct fi_ops_mr
{
    public nuint size;
    public nint reg;
}

internal struct fid_mr
{
    public fid fid;
    public nint mem_desc;
    public ulong key;
}

/// <summary>struct fid_ep; a passive endpoint (struct fid_pep) begins the same way.</summary>
internal unsafe struct fid_ep
{
    public fid fid;
    public nint ops;
    public fi_ops_cm* cm;
    public fi_ops_msg* msg;
}

internal struct fi_ops_cm
{
    public nuint size;
    public nint setname;
    public nint getname;
    public nint getpeer;
    public nint connect;
    public nint listen;
    public nint accept;
    public nint reject;
    public nint shutdown;
}

internal struct fi_ops_msg
{
    public nuint size;
    public nint recv;
    public nint recvv;
    public nint recvmsg;
    public nint send;
    public nint sendv;
    public nint sendmsg;
}

internal unsafe struct fid_cq
{
    public fid fid;
    public fi_ops_cq* ops;
}

internal struct fi_ops_cq
{
    public nuint size;
    public nint read;
    public nint readfrom;
    public nint readerr;
}

internal unsafe struct fid_eq
{
    public fid fid;
    public fi_ops_eq* ops;
}

internal struct fi_ops_eq
{
    public nuint size;
    public nint read;
    public nint readerr;
}

internal unsafe struct fid_av
{
    public fid fid;
    public fi_ops_av* ops;
}

internal struct fi_ops_av
{
    public nuint size;
    public nint insert;
}
