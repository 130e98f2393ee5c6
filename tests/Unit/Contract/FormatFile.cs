using System.Reflection;
using System.Xml.Linq;

namespace VhostUser.Tests.Contract;

/// <summary>The views of the module's format file, against the types they show.</summary>
internal static class FormatFile
{
    public static IEnumerable<string> CheckEveryOutputHasAView(XDocument format, IEnumerable<Type> outputs)
    {
        HashSet<string> shown = [.. format.Descendants("View").SelectMany(TypesOf)];
        return outputs.Where(type => !type.IsEnum && !shown.Contains(type.FullName!)).Select(type => $"{type.FullName} has no view.");
    }

    public static IEnumerable<string> CheckProperties(XDocument format, Func<string, Type?> find)
    {
        foreach (var view in format.Descendants("View"))
        {
            string name = view.Element("Name")?.Value ?? "(nameless)";
            if (!TypesOf(view).Any())
                yield return $"View {name}: selects no type.";
            foreach (string typeName in TypesOf(view))
            {
                if (find(typeName) is not { } type)
                {
                    yield return $"View {name}: the type {typeName} does not exist.";
                    continue;
                }
                foreach (string property in view.Descendants("PropertyName").Select(element => element.Value.Trim()))
                {
                    if (type.GetProperty(property, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase) is null)
                        yield return $"View {name}: {typeName} has no property {property}.";
                }
            }
        }
    }

    // Behind a # stands a variant of the type, as in System.IO.FileInfo#Long.
    private static IEnumerable<string> TypesOf(XElement view) =>
        view.Element("ViewSelectedBy")?.Elements("TypeName").Select(element => element.Value.Trim().Split('#')[0]) ?? [];
}
