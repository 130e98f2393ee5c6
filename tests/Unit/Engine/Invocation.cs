namespace System.Management.Automation;

/// <summary>How a cmdlet was called: its name and the parameters that the caller gave.</summary>
public class InvocationInfo
{
    internal InvocationInfo(CommandInfo command) => MyCommand = command;

    public CommandInfo MyCommand { get; }

    public Dictionary<string, object?> BoundParameters { get; internal set; } = new(StringComparer.OrdinalIgnoreCase);

    public bool ExpectingInput { get; internal set; }
}

/// <summary>A command by its name.</summary>
public abstract class CommandInfo
{
    internal CommandInfo(string name) => Name = name;

    public string Name { get; internal set; }

    public override string ToString() => Name;
}

/// <summary>A command that a class implements.</summary>
public class CmdletInfo : CommandInfo
{
    public CmdletInfo(string name, Type implementingType) : base(name) => ImplementingType = implementingType;

    public Type ImplementingType { get; }
}
