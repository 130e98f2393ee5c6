using System.Management.Automation;
using System.Runtime.InteropServices;

namespace VhostUser.Handles;

/// <summary>Leaves nothing behind: neither after Remove-Module nor when the process ends, also by SIGTERM or a closed terminal.</summary>
public sealed class ModuleLifetime : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    // Ctrl+C (SIGINT) and Ctrl+\ (SIGQUIT) are the shell's own: they end a pipeline or open its debugger.
    private static readonly PosixSignal[] s_deadly = [PosixSignal.SIGTERM, PosixSignal.SIGHUP];

    private static readonly List<PosixSignalRegistration> s_signals = [];
    private static int s_registered;

    /// <summary>Called by the engine when the module is imported, in each runspace.</summary>
    public void OnImport()
    {
        if (Interlocked.Exchange(ref s_registered, 1) != 0) return;
        // A process that ends without Remove-Module still removes its socket files and named memory.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => LiveHandles.CloseAll();
        // The runtime leaves these signals to their default action, which ends the process without that event. It still does so
        // after this handler, for the signal is not cancelled.
        foreach (PosixSignal signal in s_deadly) s_signals.Add(PosixSignalRegistration.Create(signal, static _ => LiveHandles.CloseAll()));
    }

    /// <summary>
    /// Called by the engine for Remove-Module in any runspace; a runspace that merely ends (a job's, say) does not call it, so
    /// what a job made lives on.
    /// </summary>
    public void OnRemove(PSModuleInfo psModuleInfo) => LiveHandles.CloseAll();
}
