using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace VhostUser.Tests.Contract;

/// <summary>Lists what a user of an assembly can see: one line per type, base, interface and member, each complete in itself.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly NullabilityInfoContext _nullability = new();

    /// <summary>The lines of an assembly, type by type.</summary>
    public static string[] Of(Assembly assembly) =>
        [.. assembly.GetTypes().Where(type => type.IsVisible).OrderBy(TypeNames.Of, StringComparer.Ordinal).SelectMany(Of)];

    /// <summary>The lines of one type: what it is, then its members, sorted.</summary>
    public static IEnumerable<string> Of(Type type)
    {
        string name = TypeNames.Of(type);
        yield return $"{name}: {Kind(type)}";
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum))
            yield return $"{name}: base {TypeNames.Of(parent)}";
        if (!type.IsEnum)
        {
            var own = type.GetInterfaces().Except(type.BaseType?.GetInterfaces() ?? []).Where(one => one.IsVisible);
            foreach (string one in own.Select(TypeNames.Of).Order(StringComparer.Ordinal))
                yield return $"{name}: implements {one}";
        }
        foreach (string member in type.GetMembers(Declared).Select(Member).OfType<string>().Order(StringComparer.Ordinal))
            yield return $"{name}.{member}";
    }

    private static string Kind(Type type) => type switch
    {
        { IsInterface: true } => "interface",
        { IsEnum: true } => $"enum {TypeNames.Of(Enum.GetUnderlyingType(type))}",
        { IsValueType: true } =>
            (type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "") + (type.IsByRefLike ? "ref struct" : "struct"),
        { IsAbstract: true, IsSealed: true } => "static class",
        _ => (type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "") + (type.GetMethod("<Clone>$") is null ? "class" : "record"),
    };

    private static string? Member(MemberInfo member) => member switch
    {
        ConstructorInfo one when IsVisible(one) => $"new({Parameters(one)})" + (one.IsPublic ? "" : ": protected"),
        MethodInfo one when IsVisible(one) && IsOwn(one) && !IsAccessor(one) => Method(one),
        PropertyInfo one when Accessors(one) is { Length: > 0 } accessors => Property(one, accessors),
        FieldInfo one when (one.IsPublic || one.IsFamily || one.IsFamilyOrAssembly) && !one.IsSpecialName => Field(one),
        EventInfo one when one.AddMethod is { } add && IsVisible(add) =>
            $"{one.Name}: event {Modifiers(add)}{TypeNames.Of(one.EventHandlerType!)}",
        _ => null,
    };

    private static string Method(MethodInfo method)
    {
        string returned = Nullable(method.ReturnType, _nullability.Create(method.ReturnParameter));
        return $"{method.Name}{TypeParameters(method)}({Parameters(method)}): {Access(method)}{Modifiers(method)}{returned}";
    }

    private static string Property(PropertyInfo property, MethodInfo[] accessors)
    {
        var index = property.GetIndexParameters();
        string name = index.Length > 0 ? $"this[{string.Join(", ", index.Select(Parameter))}]" : property.Name;
        string required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        string body = string.Join(" ", accessors.Select(one => Access(one) + AccessorName(property, one) + ";"));
        return $"{name}: {required}{Modifiers(accessors[0])}{Nullable(property.PropertyType, _nullability.Create(property))} {{ {body} }}";
    }

    private static string AccessorName(PropertyInfo property, MethodInfo accessor)
    {
        if (accessor == property.GetMethod)
            return "get";
        return accessor.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init" : "set";
    }

    private static string Field(FieldInfo field)
    {
        if (field.IsLiteral)
        {
            string text = Literal(field.GetRawConstantValue());
            return field.DeclaringType!.IsEnum ? $"{field.Name} = {text}" : $"{field.Name}: const {TypeNames.Of(field.FieldType)} = {text}";
        }
        string modifiers = (field.IsPublic ? "" : "protected ") + (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "");
        return $"{field.Name}: {modifiers}{Nullable(field.FieldType, _nullability.Create(field))}";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        string type = Nullable(parameter.ParameterType, _nullability.Create(parameter));
        if (parameter.ParameterType.IsByRef && (parameter.IsOut || parameter.IsIn))
            type = (parameter.IsOut ? "out" : "in") + type[3..];
        string value = parameter.HasDefaultValue ? $" = {Literal(parameter.RawDefaultValue)}" : "";
        return $"{type} {parameter.Name}{value}";
    }

    private static string Literal(object? value) => value switch
    {
        null => "default",
        string text => $"\"{text}\"",
        bool yes => yes ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string TypeParameters(MethodInfo method) =>
        method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(one => one.Name))}>" : "";

    private static string Nullable(Type type, NullabilityInfo info) =>
        TypeNames.Of(type) + (!type.IsValueType && !type.IsByRef && info.ReadState == NullabilityState.Nullable ? "?" : "");

    private static string Modifiers(MethodInfo method)
    {
        if (method.IsStatic)
            return "static ";
        if (method.DeclaringType!.IsInterface)
            return "";
        return method.IsAbstract ? "abstract " : method.IsVirtual && !method.IsFinal ? "virtual " : "";
    }

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static MethodInfo[] Accessors(PropertyInfo property) =>
        [.. new[] { property.GetMethod, property.SetMethod }.OfType<MethodInfo>().Where(one => IsVisible(one) && IsOwn(one))];

    private static bool IsVisible(MethodBase method) =>
        method.IsPublic || ((method.IsFamily || method.IsFamilyOrAssembly) && !method.DeclaringType!.IsSealed);

    // An override adds nothing for the caller, and the compiler's additions to records are in the word record.
    private static bool IsOwn(MethodInfo method) =>
        method.GetBaseDefinition().DeclaringType == method.DeclaringType && !method.Name.StartsWith('<')
        && (method.IsSpecialName && IsAccessor(method) || !method.IsDefined(typeof(CompilerGeneratedAttribute)));

    private static bool IsAccessor(MethodInfo method) =>
        method.IsSpecialName && method.Name.Split('_')[0] is "get" or "set" or "add" or "remove";
}
