using System.Management.Automation;

namespace VhostUser.Handles;

/// <summary>Leaves nothing behind: neither after Remove-Module nor when the process ends.</summary>
public sealed class ModuleLifetime : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private static int s_registered;

    // Runspaces that have the module; handles are shared by them all.
    private static int s_imports;

    /// <summary>Called by the engine when the module is imported, in each runspace.</summary>
    public void OnImport()
    {
        // A process that ends without Remove-Module still removes its socket files and named memory.
        if (Interlocked.Exchange(ref s_registered, 1) == 0) AppDomain.CurrentDomain.ProcessExit += (_, _) => LiveHandles.CloseAll();
        Interlocked.Increment(ref s_imports);
    }

    /// <summary>Called by the engine when the module is removed from a runspace; the last one closes everything.</summary>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        if (Interlocked.Decrement(ref s_imports) <= 0) LiveHandles.CloseAll();
    }
}
