using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>Gathers _Static_asserts and lets gcc judge them all.</summary>
internal sealed class CAssertions(params string[] headers)
{
    private readonly StringBuilder _code = new(string.Concat(headers.Select(header => $"#include <{header}>\n")));

    public int Count { get; private set; }

    public CAssertions That(string condition)
    {
        _code.AppendLine($"_Static_assert({condition}, \"{condition}\");");
        Count++;
        return this;
    }

    /// <summary>The same, when the headers at hand are new enough to have the macro.</summary>
    public CAssertions IfDefined(string macro, string condition)
    {
        _code.AppendLine($"#ifdef {macro}");
        That(condition);
        _code.AppendLine("#endif");
        return this;
    }

    /// <summary>Size of a struct and offset of each of its fields; <paramref name="names"/> gives the C names where they differ.</summary>
    public CAssertions SameLayout<T>(string cName, params (string Field, string Member)[] names) where T : unmanaged
    {
        That($"sizeof({cName}) == {Unsafe.SizeOf<T>()}");
        foreach (FieldInfo field in typeof(T).GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            string member = names.FirstOrDefault(name => name.Field == field.Name).Member ?? field.Name;
            That($"__builtin_offsetof({cName}, {member}) == {Marshal.OffsetOf<T>(field.Name)}");
        }
        return this;
    }

    /// <summary>Offset of each field, for a struct that declares the first of a longer one's fields only, and so is not larger.</summary>
    public CAssertions SameFront<T>(string cName) where T : unmanaged => SameOffsets<T>(cName).That($"sizeof({cName}) >= {Unsafe.SizeOf<T>()}");

    /// <summary>Offset of each field.</summary>
    public CAssertions SameOffsets<T>(string cName) where T : unmanaged
    {
        foreach (FieldInfo field in typeof(T).GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            That($"__builtin_offsetof({cName}, {field.Name}) == {Marshal.OffsetOf<T>(field.Name)}");
        return this;
    }

    /// <summary>Every constant of a type that has a C name, private ones too.</summary>
    public CAssertions SameConstants(Type type, params string[] except)
    {
        foreach (FieldInfo field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
        {
            bool isCName = field.Name.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_');
            if (field.IsLiteral && isCName && !except.Contains(field.Name)) That($"{field.Name} == {field.GetRawConstantValue()}");
        }
        return this;
    }

    /// <summary>Asserts that the compiler agrees with everything.</summary>
    public void Check()
    {
        Assert.NotEqual(0, Count);
        var start = new ProcessStartInfo("gcc", "-std=gnu11 -D_GNU_SOURCE -fsyntax-only -x c -") { RedirectStandardInput = true, RedirectStandardError = true };
        using Process gcc = Process.Start(start)!;
        Task<string> errors = gcc.StandardError.ReadToEndAsync();
        gcc.StandardInput.Write(_code);
        gcc.StandardInput.Close();
        gcc.WaitForExit();
        Assert.True(gcc.ExitCode == 0, errors.Result);
    }
}
