namespace VhostUser.Tests.Contract;

/// <summary>Type names as C# writes them, with namespaces.</summary>
internal static class TypeNames
{
    private static readonly Dictionary<Type, string> _keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(char)] = "char",
        [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte", [typeof(short)] = "short", [typeof(ushort)] = "ushort", [typeof(int)] = "int",
        [typeof(uint)] = "uint", [typeof(long)] = "long", [typeof(ulong)] = "ulong", [typeof(nint)] = "nint", [typeof(nuint)] = "nuint",
        [typeof(float)] = "float", [typeof(double)] = "double", [typeof(decimal)] = "decimal",
    };

    public static string Of(Type type)
    {
        if (_keywords.TryGetValue(type, out string? keyword))
            return keyword;
        if (type.IsGenericParameter)
            return type.Name;
        if (type.IsByRef)
            return "ref " + Of(type.GetElementType()!);
        if (type.IsPointer)
            return Of(type.GetElementType()!) + "*";
        if (type.IsArray)
            return $"{Of(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Of(underlying) + "?";

        // A nested type repeats the arguments of the types around it.
        int outer = type.DeclaringType?.GetGenericArguments().Length ?? 0;
        string prefix = type.DeclaringType is { } around ? Of(around) : type.Namespace ?? "";
        string name = (prefix.Length > 0 ? prefix + "." : "") + type.Name.Split('`')[0];
        var own = type.GetGenericArguments().Skip(outer).Select(Of);
        return own.Any() ? $"{name}<{string.Join(", ", own)}>" : name;
    }
}
