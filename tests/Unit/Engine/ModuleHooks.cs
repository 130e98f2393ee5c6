namespace System.Management.Automation;

/// <summary>Runs when the module is imported.</summary>
public interface IModuleAssemblyInitializer
{
    void OnImport();
}

/// <summary>Runs when the module is removed.</summary>
public interface IModuleAssemblyCleanup
{
    void OnRemove(PSModuleInfo psModuleInfo);
}

/// <summary>A loaded module; nothing here loads one.</summary>
public sealed class PSModuleInfo
{
    internal PSModuleInfo() { }
}
