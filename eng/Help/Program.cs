// dotnet VhostUser.Help.dll PAGES OUTPUT ASSEMBLY [URL]: makes ASSEMBLY-Help.xml (MAML) of the cmdlets' pages in the folder PAGES,
// and about_*.help.txt of the topics, in the folder OUTPUT. URL is where the pages can be read online.
using System.Xml.Linq;
using VhostUser.Help;

var (pages, output, assembly, url) = (args[0], args[1], args[2], args.ElementAtOrDefault(3));
Directory.CreateDirectory(output);
var markdown = Directory.GetFiles(pages, "*.md").Order(StringComparer.Ordinal).ToLookup(file => Path.GetFileName(file).StartsWith("about_", StringComparison.Ordinal));
try
{
    HelpPage[] commands = [.. markdown[false].Select(file => HelpPage.Parse(File.ReadAllText(file)))];
    new XDocument(MamlWriter.Write(commands, url)).Save(Path.Combine(output, $"{assembly}-Help.xml"));
    foreach (string file in markdown[true])
        File.WriteAllText(Path.Combine(output, Path.GetFileNameWithoutExtension(file) + ".help.txt"), AboutTopic.ToText(File.ReadAllText(file)));
    return 0;
}
catch (FormatException error)
{
    // The form in which MSBuild finds errors in a program's output.
    Console.Error.WriteLine($"{pages} : error HELP001: {error.Message}");
    return 1;
}
