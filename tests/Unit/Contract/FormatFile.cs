using System.Reflection;
using System.Xml.Linq;

namespace VhostUser.Tests.Contract;

/// <summary>The views of the module's format file, against the types they show.</summary>
internal static class FormatFile
{
    public const int Columns = 100;

    // A column without a width takes what is left; less than this shows nothing of use.
    private const int LeastWidth = 8;

    public static IEnumerable<string> CheckEveryOutputHasAView(XDocument format, IEnumerable<Type> outputs)
    {
        foreach (Type type in outputs.Where(type => !type.IsEnum))
        {
            var views = format.Descendants("View").Where(view => TypesOf(view).Contains(type.FullName!)).ToList();
            foreach (string kind in new[] { "Table", "List" }.Where(kind => views.TrueForAll(view => view.Element(kind + "Control") is null)))
                yield return $"{type.FullName} has no {kind.ToLowerInvariant()} view.";
        }
    }

    /// <summary>Tables that do not fit into <see cref="Columns"/>.</summary>
    public static IEnumerable<string> CheckWidths(XDocument format)
    {
        foreach (var table in format.Descendants("TableControl"))
        {
            var widths = table.Descendants("TableColumnHeader").Select(header => (int?)header.Element("Width") ?? LeastWidth).ToList();
            int width = widths.Sum() + widths.Count - 1;
            if (width > Columns) yield return $"View {table.Parent!.Element("Name")?.Value}: its table is {width} columns wide; {Columns} are there.";
        }
    }

    /// <summary>Whether all columns but one have a width: a table whose columns find their own grows beyond any screen.</summary>
    public static IEnumerable<string> CheckFreeColumns(XDocument format) => format.Descendants("TableControl")
        .Where(table => table.Descendants("TableColumnHeader").Count(header => header.Element("Width") is null) > 1)
        .Select(table => $"View {table.Parent!.Element("Name")?.Value}: several columns have no width.");

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
