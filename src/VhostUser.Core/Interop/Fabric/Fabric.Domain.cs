namespace VhostUser.Interop.Fabric;

/// <summary>Opening and closing of objects: fi_ops, fi_ops_fabric, fi_ops_domain, fi_ops_mr.</summary>
internal static unsafe partial class Fabric
{
    public static fid_fabric* OpenFabric(fi_info* info)
    {
        fid_fabric* fabric;
        Check(((delegate* unmanaged<fi_fabric_attr*, fid_fabric**, nint, int>)Loaded.OpenFabric)(info->fabric_attr, &fabric, 0), "fi_fabric");
        return fabric;
    }

    public static fid_domain* OpenDomain(fid_fabric* fabric, fi_info* info)
    {
        fid_domain* domain;
        Check(((delegate* unmanaged<fid_fabric*, fi_info*, fid_domain**, nint, int>)fabric->ops->domain)(fabric, info, &domain, 0), "fi_domain");
        return domain;
    }

    public static fid_ep* OpenPassive(fid_fabric* fabric, fi_info* info)
    {
        fid_ep* endpoint;
        Check(((delegate* unmanaged<fid_fabric*, fi_info*, fid_ep**, nint, int>)fabric->ops->passive_ep)(fabric, info, &endpoint, 0), "fi_passive_ep");
        return endpoint;
    }

    public static fid_ep* OpenEndpoint(fid_domain* domain, fi_info* info)
    {
        fid_ep* endpoint;
        Check(((delegate* unmanaged<fid_domain*, fi_info*, fid_ep**, nint, int>)domain->ops->endpoint)(domain, info, &endpoint, 0), "fi_endpoint");
        return endpoint;
    }

    public static fid_eq* OpenEq(fid_fabric* fabric)
    {
        var attributes = new fi_eq_attr { wait_obj = FI_WAIT_FD };
        fid_eq* eq;
        Check(((delegate* unmanaged<fid_fabric*, fi_eq_attr*, fid_eq**, nint, int>)fabric->ops->eq_open)(fabric, &attributes, &eq, 0), "fi_eq_open");
        return eq;
    }

    /// <summary>A queue of completions.</summary>
    /// <param name="domain">Its domain.</param>
    /// <param name="size">Completions that it holds.</param>
    /// <param name="canWait">Whether it is to have a descriptor to wait for; not every provider has one.</param>
    public static fid_cq* OpenCq(fid_domain* domain, int size, bool canWait)
    {
        var attributes = new fi_cq_attr { size = (nuint)size, format = FI_CQ_FORMAT_DATA, wait_obj = canWait ? FI_WAIT_FD : FI_WAIT_NONE };
        fid_cq* cq;
        Check(((delegate* unmanaged<fid_domain*, fi_cq_attr*, fid_cq**, nint, int>)domain->ops->cq_open)(domain, &attributes, &cq, 0), "fi_cq_open");
        return cq;
    }

    public static fid_av* OpenAv(fid_domain* domain)
    {
        var attributes = new fi_av_attr { type = FI_AV_TABLE, count = 1 };
        fid_av* av;
        Check(((delegate* unmanaged<fid_domain*, fi_av_attr*, fid_av**, nint, int>)domain->ops->av_open)(domain, &attributes, &av, 0), "fi_av_open");
        return av;
    }

    /// <summary>Registers memory for sends and receives of this side; a peer gets no right on it.</summary>
    public static fid_mr* Register(fid_domain* domain, byte* address, ulong length, ulong key)
    {
        fid_mr* region;
        Check(((delegate* unmanaged<fid_domain*, byte*, nuint, ulong, ulong, ulong, ulong, fid_mr**, nint, int>)domain->mr->reg)(
            domain, address, (nuint)length, FI_SEND | FI_RECV, 0, key, 0, &region, 0), "fi_mr_reg");
        return region;
    }

    public static void Bind(void* target, void* source, ulong flags) =>
        Check(((delegate* unmanaged<void*, void*, ulong, int>)((fid*)target)->ops->bind)(target, source, flags), "fi_ep_bind");

    public static void Enable(fid_ep* endpoint) =>
        Check(((delegate* unmanaged<void*, int, void*, int>)endpoint->fid.ops->control)(endpoint, FI_ENABLE, null), "fi_enable");

    /// <summary>The descriptor that becomes readable when a queue has something, or -1.</summary>
    public static int GetWaitFd(void* queue)
    {
        int fd = -1;
        int result = ((delegate* unmanaged<void*, int, void*, int>)((fid*)queue)->ops->control)(queue, FI_GETWAIT, &fd);
        return result == 0 ? fd : -1;
    }

    /// <summary>Whether a thread may sleep on the queues' descriptors: nothing is in them, and what comes will wake it.</summary>
    public static bool TryWait(fid_fabric* fabric, void** queues, int count) =>
        ((delegate* unmanaged<fid_fabric*, void**, int, int>)fabric->ops->trywait)(fabric, queues, count) == 0;

    /// <summary>Closes any object; null is none.</summary>
    public static void Close(void* target)
    {
        if (target != null) ((delegate* unmanaged<void*, int>)((fid*)target)->ops->close)(target);
    }
}
