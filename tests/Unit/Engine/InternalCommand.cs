namespace System.Management.Automation.Internal;

/// <summary>The root of the cmdlet classes; nobody derives from it directly.</summary>
public abstract class InternalCommand
{
    internal InternalCommand() { }
}
