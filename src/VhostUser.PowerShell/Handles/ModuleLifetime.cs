using System.Management.Automation;

namespace VhostUser.Handles;

/// <summary>Leaves nothing behind: neither after Remove-Module nor when the process ends.</summary>
public sealed class ModuleLifetime : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private static int s_registered;

    /// <summary>Called by the engine when the module is imported, in each runspace.</summary>
    public void OnImport()
    {
        // A process that ends without Remove-Module still removes its socket files and named memory.
        if (Interlocked.Exchange(ref s_registered, 1) == 0) AppDomain.CurrentDomain.ProcessExit += (_, _) => LiveHandles.CloseAll();
    }

    /// <summary>
    /// Called by the engine for Remove-Module in any runspace; a runspace that merely ends (a job's, say) does not call it, so
    /// what a job made lives on.
    /// </summary>
    public void OnRemove(PSModuleInfo psModuleInfo) => LiveHandles.CloseAll();
}
