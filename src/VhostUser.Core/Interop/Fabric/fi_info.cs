namespace VhostUser.Interop.Fabric;

#pragma warning disable CS0649 // filled in by the library

/// <summary>struct fi_info: what a provider offers. Made by fi_dupinfo and fi_getinfo only.</summary>
internal unsafe struct fi_info
{
    public fi_info* next;
    public ulong caps;
    public ulong mode;
    public uint addr_format;
    public nuint src_addrlen;
    public nuint dest_addrlen;
    public byte* src_addr;
    public byte* dest_addr;
    public nint handle;
    public fi_tx_attr* tx_attr;
    public fi_rx_attr* rx_attr;
    public fi_ep_attr* ep_attr;
    public fi_domain_attr* domain_attr;
    public fi_fabric_attr* fabric_attr;
    public nint nic;
}

internal struct fi_tx_attr
{
    public ulong caps;
    public ulong mode;
    public ulong op_flags;
    public ulong msg_order;
    public ulong comp_order;
    public nuint inject_size;
    public nuint size;
    public nuint iov_limit;
}

internal struct fi_rx_attr
{
    public ulong caps;
    public ulong mode;
    public ulong op_flags;
    public ulong msg_order;
    public ulong comp_order;
    public nuint total_buffered_recv;
    public nuint size;
    public nuint iov_limit;
}

internal struct fi_ep_attr
{
    public int type;
    public uint protocol;
    public uint protocol_version;
    public nuint max_msg_size;
}

internal struct fi_domain_attr
{
    public nint domain;
    public nint name;
    public int threading;
    public int control_progress;
    public int data_progress;
    public int resource_mgmt;
    public int av_type;
    public int mr_mode;
    public nuint mr_key_size;
    public nuint cq_data_size;
}

internal struct fi_fabric_attr
{
    public nint fabric;
    public nint name;
    public nint prov_name;
    public uint prov_version;
    public uint api_version;
}
