using System.Management.Automation.Language;

namespace System.Management.Automation;

/// <summary>A piece of script as text; nothing here can run it.</summary>
public class ScriptBlock
{
    private readonly string _script;

    internal ScriptBlock(string script) => _script = script;

    public Ast? Ast => null;

    public static ScriptBlock Create(string script) => new(script);

    public override string ToString() => _script;
}
