namespace System.Management.Automation;

/// <summary>A parameter that is given or not.</summary>
public struct SwitchParameter
{
    private readonly bool _isPresent;

    public SwitchParameter(bool isPresent) => _isPresent = isPresent;

    public bool IsPresent => _isPresent;

    public static SwitchParameter Present => new(true);

    public bool ToBool() => _isPresent;

    public static implicit operator bool(SwitchParameter switchParameter) => switchParameter.ToBool();

    public static implicit operator SwitchParameter(bool value) => new(value);

    public static bool operator ==(SwitchParameter first, SwitchParameter second) => first._isPresent == second._isPresent;

    public static bool operator !=(SwitchParameter first, SwitchParameter second) => !(first == second);

    public static bool operator ==(SwitchParameter first, bool second) => first._isPresent == second;

    public static bool operator !=(SwitchParameter first, bool second) => !(first == second);

    public static bool operator ==(bool first, SwitchParameter second) => first == second._isPresent;

    public static bool operator !=(bool first, SwitchParameter second) => !(first == second);

    public override bool Equals(object? obj) => obj switch
    {
        bool value => value == _isPresent,
        SwitchParameter other => other == this,
        _ => false,
    };

    public override int GetHashCode() => _isPresent.GetHashCode();

    public override string ToString() => _isPresent.ToString();
}
