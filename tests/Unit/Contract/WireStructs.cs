using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VhostUser.Tests.Contract;

/// <summary>The sizes of the structs that cross the socket, against the specification's.</summary>
internal static class WireStructs
{
    /// <summary>The structs among the types whose layout is declared: packed, explicit or of a given size.</summary>
    public static IEnumerable<Type> In(IEnumerable<Type> types) => types.Where(type =>
        type is { IsValueType: true, IsEnum: false, IsGenericType: false }
        && type.StructLayoutAttribute is { } layout
        && (layout.Value == LayoutKind.Explicit || layout.Pack != 0 || layout.Size != 0)
        && !type.IsDefined(typeof(CompilerGeneratedAttribute)));

    public static IEnumerable<string> Check(IEnumerable<Type> wireStructs, IReadOnlyDictionary<string, int> sizes, Func<string, Type?> find)
    {
        foreach (var type in wireStructs.Where(type => !sizes.ContainsKey(type.FullName!)))
            yield return $"{type.FullName} has no size in the table.";
        foreach (var (name, expected) in sizes)
        {
            if (find(name) is not { } type)
                yield return $"{name} is in the table, but does not exist.";
            else if (SizeOf(type) is int actual && actual != expected)
                yield return $"{name} has {actual} bytes; the specification says {expected}.";
        }
    }

    private static int SizeOf(Type type)
    {
        var sizeOf = typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf), BindingFlags.Public | BindingFlags.Static)!;
        return (int)sizeOf.MakeGenericMethod(type).Invoke(null, null)!;
    }
}
