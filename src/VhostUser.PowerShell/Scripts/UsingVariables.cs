using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text;

namespace VhostUser.Scripts;

/// <summary>A script whose $using: variables became ordinary ones, and their values at the time.</summary>
/// <param name="Script">Text of the script, without braces.</param>
/// <param name="Values">Variables that the script expects.</param>
internal sealed record UsingVariables(string Script, IReadOnlyDictionary<string, object?> Values)
{
    private const string Prefix = "__using_";

    /// <summary>Rewrites the block's text.</summary>
    /// <exception cref="VhostException">InvalidArgument for a script block: it would run in the caller's runspace.</exception>
    public static UsingVariables Collect(string server, ScriptBlock block, Func<string, object?> valueOf)
    {
        var tree = (ScriptBlockAst)block.Ast;
        var values = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
        // The text between the braces begins where the block's own text does.
        int start = tree.Extent.StartOffset;
        var text = new StringBuilder(tree.Extent.Text);
        foreach (UsingExpressionAst use in tree.FindAll(node => node is UsingExpressionAst, searchNestedScriptBlocks: true)
            .Cast<UsingExpressionAst>().OrderByDescending(node => node.Extent.StartOffset))
        {
            VariableExpressionAst variable = UsingExpressionAst.ExtractUsingVariable(use);
            string name = variable.VariablePath.UserPath;
            object? value = valueOf(name);
            if ((value is PSObject wrapped ? wrapped.BaseObject : value) is ScriptBlock)
                throw new VhostException(VhostError.InvalidArgument, $"Packet script of server '{server}': $using:{name} is a script block, which belongs to this prompt.", server,
                    "Write its code into the packet script, or pass its text and use [scriptblock]::Create there.");
            values[Prefix + name] = value;
            int at = variable.Extent.StartOffset - start;
            text.Remove(at, variable.Extent.Text.Length).Insert(at, "${" + Prefix + name + "}");
        }
        string script = text.ToString();
        // A literal's extent includes its braces; that of [scriptblock]::Create does not.
        if (script.StartsWith('{') && script.EndsWith('}')) script = script[1..^1];
        return new UsingVariables(script, values);
    }
}
