namespace System.Management.Automation.Runspaces;

/// <summary>A connection to another PowerShell; nothing here makes one.</summary>
public sealed class PSSession
{
    internal PSSession() { }
}
