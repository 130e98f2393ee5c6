using System.Collections;
using System.Globalization;
using System.Management.Automation.Internal;
using System.Text.RegularExpressions;

namespace System.Management.Automation;

/// <summary>Checks an argument before it is bound.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public abstract class ValidateArgumentsAttribute : CmdletMetadataAttribute
{
    protected ValidateArgumentsAttribute() { }

    protected abstract void Validate(object arguments, EngineIntrinsics engineIntrinsics);

    private protected static ValidationMetadataException Refusal(FormattableString reason) =>
        new(reason.ToString(CultureInfo.InvariantCulture));
}

/// <summary>Checks each element of an argument.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public abstract class ValidateEnumeratedArgumentsAttribute : ValidateArgumentsAttribute
{
    protected ValidateEnumeratedArgumentsAttribute() { }

    protected abstract void ValidateElement(object element);

    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
    {
        if (arguments is null)
            throw Refusal($"The argument is null; a value is needed.");
        if (arguments is not IEnumerable list || arguments is string)
        {
            ValidateElement(arguments);
            return;
        }
        foreach (object element in list)
            ValidateElement(element);
    }
}

/// <summary>The root of the two attributes that refuse null.</summary>
public abstract class NullValidationAttributeBase : ValidateArgumentsAttribute
{
    protected NullValidationAttributeBase() { }

    private protected static void RefuseNullElements(object? arguments)
    {
        if (arguments is null)
            throw Refusal($"The argument is null; a value is needed.");
        if (arguments is IEnumerable list and not string && list.Cast<object?>().Any(element => element is null))
            throw Refusal($"The argument holds a null; every element needs a value.");
    }
}

/// <summary>Refuses null and collections that hold null.</summary>
public sealed class ValidateNotNullAttribute : NullValidationAttributeBase
{
    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics) => RefuseNullElements(arguments);
}

/// <summary>Refuses null, empty strings and empty collections.</summary>
public sealed class ValidateNotNullOrEmptyAttribute : NullValidationAttributeBase
{
    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
    {
        RefuseNullElements(arguments);
        bool empty = arguments is string text
            ? text.Length == 0
            : arguments is IEnumerable list && (!list.Cast<object?>().Any() || list.Cast<object?>().Any(element => element is ""));
        if (empty)
            throw Refusal($"The argument is empty; a value is needed.");
    }
}

/// <summary>Bounds a value from below and above, both included.</summary>
public sealed class ValidateRangeAttribute : ValidateEnumeratedArgumentsAttribute
{
    public ValidateRangeAttribute(object minRange, object maxRange)
    {
        MinRange = minRange;
        MaxRange = maxRange;
    }

    public object MinRange { get; }

    public object MaxRange { get; }

    protected override void ValidateElement(object element)
    {
        element = element is PSObject wrapped ? wrapped.BaseObject : element;
        if (Compare(MinRange, element) > 0)
            throw Refusal($"The argument {element} is less than {MinRange}.");
        if (Compare(MaxRange, element) < 0)
            throw Refusal($"The argument {element} is greater than {MaxRange}.");
    }

    // Attribute arguments are constants, so the limits may be int where the value is ulong or double.
    private static int Compare(object limit, object element) =>
        limit.GetType() == element.GetType()
            ? Comparer.DefaultInvariant.Compare(limit, element)
            : Convert.ToDecimal(limit, CultureInfo.InvariantCulture).CompareTo(Convert.ToDecimal(element, CultureInfo.InvariantCulture));
}

/// <summary>Allows only the listed strings.</summary>
public sealed class ValidateSetAttribute : ValidateEnumeratedArgumentsAttribute
{
    private readonly string[] _validValues;

    public ValidateSetAttribute(params string[] validValues) => _validValues = validValues;

    public bool IgnoreCase { get; set; } = true;

    public IList<string> ValidValues => _validValues;

    protected override void ValidateElement(object element)
    {
        var comparer = IgnoreCase ? StringComparer.InvariantCultureIgnoreCase : StringComparer.InvariantCulture;
        if (!_validValues.Contains(element?.ToString(), comparer))
            throw Refusal($"The argument {element} is none of {string.Join(", ", _validValues)}.");
    }
}

/// <summary>Bounds the number of elements.</summary>
public sealed class ValidateCountAttribute : ValidateArgumentsAttribute
{
    public ValidateCountAttribute(int minLength, int maxLength)
    {
        MinLength = minLength;
        MaxLength = maxLength;
    }

    public int MinLength { get; }

    public int MaxLength { get; }

    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
    {
        int count = arguments is IEnumerable list ? list.Cast<object?>().Count() : 0;
        if (count < MinLength || count > MaxLength)
            throw Refusal($"The argument has {count} elements; {MinLength} to {MaxLength} are allowed.");
    }
}

/// <summary>Bounds the length of a string.</summary>
public sealed class ValidateLengthAttribute : ValidateEnumeratedArgumentsAttribute
{
    public ValidateLengthAttribute(int minLength, int maxLength)
    {
        MinLength = minLength;
        MaxLength = maxLength;
    }

    public int MinLength { get; }

    public int MaxLength { get; }

    protected override void ValidateElement(object element)
    {
        if (element is not string text)
            throw Refusal($"The argument is no string.");
        if (text.Length < MinLength || text.Length > MaxLength)
            throw Refusal($"The argument has {text.Length} characters; {MinLength} to {MaxLength} are allowed.");
    }
}

/// <summary>Allows only strings in which a regular expression is found.</summary>
public sealed class ValidatePatternAttribute : ValidateEnumeratedArgumentsAttribute
{
    public ValidatePatternAttribute(string regexPattern) => RegexPattern = regexPattern;

    public string RegexPattern { get; }

    public RegexOptions Options { get; set; } = RegexOptions.IgnoreCase;

    protected override void ValidateElement(object element)
    {
        if (!Regex.IsMatch(element?.ToString() ?? "", RegexPattern, Options))
            throw Refusal($"The argument {element} does not match {RegexPattern}.");
    }
}
