using System.Management.Automation.Host;

namespace System.Management.Automation
{
    /// <summary>What a cmdlet asks of whoever runs it.</summary>
    public interface ICommandRuntime
    {
        PSHost? Host { get; }

        PSTransactionContext? CurrentPSTransaction { get; }

        void WriteDebug(string text);

        void WriteError(ErrorRecord errorRecord);

        void WriteObject(object? sendToPipeline);

        void WriteObject(object? sendToPipeline, bool enumerateCollection);

        void WriteProgress(ProgressRecord progressRecord);

        void WriteProgress(long sourceId, ProgressRecord progressRecord);

        void WriteVerbose(string text);

        void WriteWarning(string text);

        void WriteCommandDetail(string text);

        bool ShouldProcess(string target);

        bool ShouldProcess(string target, string action);

        bool ShouldProcess(string verboseDescription, string verboseWarning, string caption);

        bool ShouldProcess(string verboseDescription, string verboseWarning, string caption, out ShouldProcessReason shouldProcessReason);

        bool ShouldContinue(string query, string caption);

        bool ShouldContinue(string query, string caption, ref bool yesToAll, ref bool noToAll);

        bool TransactionAvailable();

        void ThrowTerminatingError(ErrorRecord errorRecord);
    }

    /// <summary>The runtime since PowerShell 5: information records and the security-aware question.</summary>
    public interface ICommandRuntime2 : ICommandRuntime
    {
        void WriteInformation(InformationRecord informationRecord);

        bool ShouldContinue(string query, string caption, bool hasSecurityImpact, ref bool yesToAll, ref bool noToAll);
    }

    /// <summary>Why ShouldProcess said no.</summary>
    [Flags]
    public enum ShouldProcessReason
    {
        None = 0,
        WhatIf = 1,
    }

    /// <summary>A transaction; nothing here makes one.</summary>
    public sealed class PSTransactionContext : IDisposable
    {
        internal PSTransactionContext() { }

        public void Dispose() { }
    }
}

namespace System.Management.Automation.Host
{
    /// <summary>The program around the engine; nothing here makes one.</summary>
    public abstract class PSHost
    {
        protected PSHost() { }
    }
}
