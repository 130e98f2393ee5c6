using System.Collections.ObjectModel;

namespace System.Management.Automation;

/// <summary>A wrapper around any object.</summary>
public class PSObject
{
    private Collection<string>? _typeNames;

    public PSObject() => ImmediateBaseObject = new object();

    public PSObject(object obj)
    {
        ArgumentNullException.ThrowIfNull(obj);
        ImmediateBaseObject = obj;
    }

    public object ImmediateBaseObject { get; }

    /// <summary>The names that views go by, most specific first; here the classes of the object.</summary>
    public Collection<string> TypeNames => _typeNames ??= [.. NamesOf(BaseObject.GetType())];

    public object BaseObject => ImmediateBaseObject is PSObject inner ? inner.BaseObject : ImmediateBaseObject;

    public static PSObject AsPSObject(object obj) => obj as PSObject ?? new PSObject(obj);

    public override string ToString() => BaseObject.ToString() ?? "";

    public override bool Equals(object? obj) => Equals(BaseObject, obj is PSObject other ? other.BaseObject : obj);

    public override int GetHashCode() => BaseObject.GetHashCode();

    private static IEnumerable<string> NamesOf(Type? type)
    {
        for (; type is not null; type = type.BaseType) yield return type.FullName ?? type.Name;
    }
}
