using System.Runtime.InteropServices;

namespace VhostUser.Interop.Fabric;

internal static unsafe partial class Fabric
{
    /// <summary>Asks one provider what it can do; null when it can do nothing of that (no device, no such address).</summary>
    /// <param name="provider">Name of the provider, such as "tcp".</param>
    /// <param name="endpointType">FI_EP_MSG or FI_EP_RDM.</param>
    /// <param name="node">Address: of this end with <see cref="FI_SOURCE"/>, else of the peer; null for any.</param>
    /// <param name="service">Port; null for any.</param>
    /// <param name="flags">0 or <see cref="FI_SOURCE"/>.</param>
    public static FabricInfo? TryGetInfo(string provider, int endpointType, string? node, string? service, ulong flags)
    {
        using var signals = new SignalKeeper();
        fi_info* hints = ((delegate* unmanaged<fi_info*, fi_info*>)Loaded.DuplicateInfo)(null);
        if (hints == null) throw new OutOfMemoryException();
        try
        {
            hints->caps = FI_MSG;
            hints->mode = FI_CONTEXT | FI_CONTEXT2 | FI_RX_CQ_DATA;
            hints->ep_attr->type = endpointType;
            hints->domain_attr->mr_mode = FI_MR_LOCAL | FI_MR_VIRT_ADDR | FI_MR_ALLOCATED | FI_MR_PROV_KEY;
            hints->domain_attr->threading = FI_THREAD_DOMAIN;
            hints->tx_attr->msg_order = FI_ORDER_SAS; // frames and packets must stay in order
            hints->rx_attr->msg_order = FI_ORDER_SAS;
            hints->fabric_attr->prov_name = Libc.DuplicateText(provider); // freed with the hints
            fi_info* found = null;
            nint nodeText = Marshal.StringToCoTaskMemUTF8(node);
            nint serviceText = Marshal.StringToCoTaskMemUTF8(service);
            int result = ((delegate* unmanaged<uint, nint, nint, ulong, fi_info*, fi_info**, int>)Loaded.GetInfo)(
                FI_VERSION_1_17, nodeText, serviceText, flags, hints, &found);
            Marshal.FreeCoTaskMem(nodeText);
            Marshal.FreeCoTaskMem(serviceText);
            if (result == -FI_ENODATA) return null;
            Check(result, "fi_getinfo");
            return new FabricInfo(found);
        }
        finally
        {
            Free(hints);
        }
    }

    /// <summary>Frees what fi_getinfo or a connection request brought.</summary>
    public static void Free(fi_info* info) => ((delegate* unmanaged<fi_info*, void>)Loaded.FreeInfo)(info);
}
