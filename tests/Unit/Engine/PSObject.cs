namespace System.Management.Automation;

/// <summary>A wrapper around any object.</summary>
public class PSObject
{
    public PSObject() => ImmediateBaseObject = new object();

    public PSObject(object obj)
    {
        ArgumentNullException.ThrowIfNull(obj);
        ImmediateBaseObject = obj;
    }

    public object ImmediateBaseObject { get; }

    public object BaseObject => ImmediateBaseObject is PSObject inner ? inner.BaseObject : ImmediateBaseObject;

    public static PSObject AsPSObject(object obj) => obj as PSObject ?? new PSObject(obj);

    public override string ToString() => BaseObject.ToString() ?? "";

    public override bool Equals(object? obj) => Equals(BaseObject, obj is PSObject other ? other.BaseObject : obj);

    public override int GetHashCode() => BaseObject.GetHashCode();
}
