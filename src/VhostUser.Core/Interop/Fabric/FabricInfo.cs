using System.Runtime.InteropServices;

namespace VhostUser.Interop.Fabric;

/// <summary>Owns a list of fi_info; the first is the provider's best.</summary>
internal sealed unsafe class FabricInfo(fi_info* info) : IDisposable
{
    /// <summary>The first of the list, valid until Dispose.</summary>
    public fi_info* First { get; private set; } = info;

    public string Provider => Marshal.PtrToStringUTF8(First->fabric_attr->prov_name) ?? "";

    public string Domain => Marshal.PtrToStringUTF8(First->domain_attr->name) ?? "";

    public void Dispose()
    {
        if (First == null) return;
        Fabric.Free(First);
        First = null;
    }
}
