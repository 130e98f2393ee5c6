using System.Management.Automation.Internal;

namespace System.Management.Automation;

/// <summary>Makes a property a parameter, once per parameter set.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field, AllowMultiple = true)]
public sealed class ParameterAttribute : ParsingBaseAttribute
{
    public const string AllParameterSets = "__AllParameterSets";

    private string _parameterSetName = AllParameterSets;

    public int Position { get; set; } = int.MinValue;

    public string ParameterSetName
    {
        get => _parameterSetName;
        set => _parameterSetName = string.IsNullOrEmpty(value) ? AllParameterSets : value;
    }

    public bool Mandatory { get; set; }

    public bool ValueFromPipeline { get; set; }

    public bool ValueFromPipelineByPropertyName { get; set; }

    public bool ValueFromRemainingArguments { get; set; }

    public string? HelpMessage { get; set; }

    public bool DontShow { get; set; }
}

/// <summary>Other names of a parameter or cmdlet.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Property | AttributeTargets.Field)]
public sealed class AliasAttribute : ParsingBaseAttribute
{
    private readonly string[] _aliasNames;

    public AliasAttribute(params string[] aliasNames) => _aliasNames = aliasNames;

    public IList<string> AliasNames => _aliasNames;
}

/// <summary>Tells help that a parameter takes wildcards.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class SupportsWildcardsAttribute : ParsingBaseAttribute;

/// <summary>Lets a mandatory parameter be null.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class AllowNullAttribute : CmdletMetadataAttribute;

/// <summary>Lets a mandatory parameter be an empty string.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class AllowEmptyStringAttribute : CmdletMetadataAttribute;

/// <summary>Lets a mandatory parameter be an empty collection.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class AllowEmptyCollectionAttribute : CmdletMetadataAttribute;

/// <summary>Changes an argument before it is bound.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public abstract class ArgumentTransformationAttribute : CmdletMetadataAttribute
{
    protected ArgumentTransformationAttribute() { }

    public abstract object Transform(EngineIntrinsics engineIntrinsics, object inputData);

    public virtual bool TransformNullOptionalParameters => true;
}

/// <summary>The engine as an attribute sees it.</summary>
public class EngineIntrinsics
{
    internal EngineIntrinsics() { }

    public SessionState SessionState { get; } = new();
}
