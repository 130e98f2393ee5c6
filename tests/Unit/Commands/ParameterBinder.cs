using System.Management.Automation;
using System.Reflection;

namespace VhostUser.Tests.Commands;

/// <summary>
/// Binds arguments to the parameters of one cmdlet: transformation, conversion and validation as its attributes say. It is
/// far less than the engine's binder, whose conversions and questions only a real session proves.
/// </summary>
internal sealed class ParameterBinder(Cmdlet cmdlet)
{
    private readonly IReadOnlyList<CmdletParameter> _parameters = CmdletParameter.Of(cmdlet.GetType());
    private readonly HashSet<CmdletParameter> _named = [];
    private readonly Dictionary<CmdletParameter, object?> _defaults = [];

    /// <summary>Binds an argument to the parameter of that name or alias.</summary>
    public void BindNamed(string name, object? argument)
    {
        var parameter = _parameters.FirstOrDefault(one => one.Names.Contains(name, StringComparer.OrdinalIgnoreCase))
            ?? throw new ArgumentException($"{cmdlet.GetType().Name} has no parameter {name}; it has {List(_parameters)}.", nameof(name));
        Set(parameter, argument);
        _named.Add(parameter);
    }

    /// <summary>Binds a pipeline object: as it is, then by its properties, then by conversion; false when nothing takes it.</summary>
    public bool BindPipeline(object? input)
    {
        Reset();
        object? value = input is PSObject wrapped ? wrapped.BaseObject : input;
        var byValue = Unbound(declaration => declaration.ValueFromPipeline);
        foreach (var parameter in byValue.Where(one => value is null || ArgumentConversion.Fits(value, one.Property.PropertyType)))
            SetFromPipeline(parameter, value);

        if (value is not null)
        {
            foreach (var parameter in Unbound(declaration => declaration.ValueFromPipelineByPropertyName))
            {
                if (PropertyOf(value, parameter) is { } property)
                    SetFromPipeline(parameter, property.GetValue(value));
            }
        }

        if (_defaults.Count == 0)
        {
            foreach (var parameter in byValue.Where(one => CanConvert(one, value)))
                SetFromPipeline(parameter, value);
        }
        return _defaults.Count > 0;
    }

    /// <summary>The parameter set of what is bound; throws when it is not clear and <paramref name="final"/>.</summary>
    public string ParameterSet(bool final)
    {
        CmdletParameter[] bound = [.. _named.Union(_defaults.Keys)];
        string[] sets = [.. CmdletParameter.SetsOf(cmdlet.GetType()).Where(set => bound.All(parameter => parameter.In(set) is not null))];
        string? preferred = cmdlet.GetType().GetCustomAttribute<CmdletAttribute>()?.DefaultParameterSetName;
        if (sets.Length == 0)
            throw new InvalidOperationException($"No parameter set of {cmdlet.GetType().Name} has {List(bound)}.");
        if (sets.Length == 1)
            return sets[0];
        if (sets.Contains(preferred))
            return preferred!;
        string[] complete = [.. sets.Where(set => _parameters.All(one => one.In(set) is not { Mandatory: true } || bound.Contains(one)))];
        if (complete.Length == 1)
            return complete[0];
        if (final)
            throw new InvalidOperationException($"The parameter set is one of {string.Join(", ", sets)}; bind more, or name it.");
        return "";
    }

    private static string List(IEnumerable<CmdletParameter> parameters) => string.Join(", ", parameters.Select(one => one.Name));

    // Between two pipeline objects a parameter has the value that it had before them.
    private void Reset()
    {
        foreach (var (parameter, value) in _defaults)
        {
            parameter.Property.SetValue(cmdlet, value);
            (cmdlet as PSCmdlet)?.MyInvocation.BoundParameters.Remove(parameter.Name);
        }
        _defaults.Clear();
    }

    private List<CmdletParameter> Unbound(Func<ParameterAttribute, bool> takes) =>
        [.. _parameters.Where(one => !_named.Contains(one) && !_defaults.ContainsKey(one) && one.Declarations.Any(takes))];

    private static PropertyInfo? PropertyOf(object value, CmdletParameter parameter) => parameter.Names
        .Select(name => value.GetType().GetProperty(name, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase))
        .FirstOrDefault(property => property is not null);

    private static bool CanConvert(CmdletParameter parameter, object? value) =>
        parameter.Property.GetCustomAttribute<ArgumentTransformationAttribute>() is not null
        || ArgumentConversion.TryConvert(value, parameter.Property.PropertyType, out _);

    private void SetFromPipeline(CmdletParameter parameter, object? argument)
    {
        object? before = parameter.Property.GetValue(cmdlet);
        Set(parameter, argument);
        _defaults[parameter] = before;
    }

    private void Set(CmdletParameter parameter, object? argument)
    {
        foreach (var transformation in parameter.Property.GetCustomAttributes<ArgumentTransformationAttribute>())
            argument = transformation.Transform(null!, argument!);
        if (!ArgumentConversion.TryConvert(argument, parameter.Property.PropertyType, out object? value))
            throw new ArgumentException($"{parameter.Name} is a {parameter.Property.PropertyType}; cannot convert {argument ?? "null"}.");
        foreach (var validation in parameter.Property.GetCustomAttributes<ValidateArgumentsAttribute>())
            Validate(validation, value);
        parameter.Property.SetValue(cmdlet, value);
        if (cmdlet is PSCmdlet scripted)
            scripted.MyInvocation.BoundParameters[parameter.Name] = value!;
    }

    private static void Validate(ValidateArgumentsAttribute validation, object? value) =>
        typeof(ValidateArgumentsAttribute)
            .GetMethod("Validate", BindingFlags.Instance | BindingFlags.NonPublic, [typeof(object), typeof(EngineIntrinsics)])!
            .Invoke(validation, BindingFlags.DoNotWrapExceptions, null, [value, null], null);
}
