using System.Collections.ObjectModel;

namespace System.Management.Automation;

/// <summary>Runs text as script; here there is no language, so nothing comes of it.</summary>
public class CommandInvocationIntrinsics
{
    internal CommandInvocationIntrinsics() { }

    public Collection<PSObject> InvokeScript(string script, params object[] args) => [];
}
