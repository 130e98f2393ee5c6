// dotnet run --file eng/InteropReport.cs -- FOLDER: makes the interop matrix of the test results (*.trx) in FOLDER.
// It writes docs/interop.json, docs/interop.md, FOLDER/interop.junit.xml and README's table. A row is a test of a class with [Peer].
#:property PublishAot=false
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

XNamespace trx = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";
var folder = args[0];
Dictionary<string, string> versions = [];
// A run may come in pieces; a cell that one of them skipped and another ran counts as run.
var rows = Directory.GetFiles(folder, "*.trx").Order().SelectMany(file => RowsOf(XElement.Load(file)))
    .GroupBy(row => (row.Peer, row.Role, row.Case)).Select(same => same.LastOrDefault(row => row.Result != "skip") ?? same.First())
    .OrderBy(row => row.Peer, StringComparer.Ordinal).ThenBy(row => row.Role, StringComparer.Ordinal).ThenBy(row => row.Case, StringComparer.Ordinal).ToList();
if (rows.Count == 0)
{
    Console.Error.WriteLine($"InteropReport: no results of interop tests in {folder}");
    return 1;
}

var json = new JsonSerializerOptions { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
File.WriteAllText("docs/interop.json", JsonSerializer.Serialize(rows.Select(row => new { row.Peer, row.Version, row.Role, row.Case, row.Result, row.Detail }), json) + "\n");
File.WriteAllText("docs/interop.md", Markdown());
JUnit().Save(Path.Combine(folder, "interop.junit.xml"));
var readme = File.ReadAllText("README.md");
File.WriteAllText("README.md", Regex.Replace(readme, "(?<=<!-- interop -->\n).*?(?=<!-- interop -->)", _ => Summary(), RegexOptions.Singleline));

Console.WriteLine($"\n{Summary()}");
foreach (var row in rows.Where(row => row.Result == "fail")) Console.WriteLine($"failed: {row.Peer}: {row.Case}\n    {row.Detail}");
return rows.Any(row => row.Result == "fail") ? 1 : 0;

IEnumerable<Row> RowsOf(XElement run)
{
    var classes = run.Descendants(trx + "UnitTest").ToDictionary(test => (string)test.Attribute("id")!, test => test.Element(trx + "TestMethod")!);
    foreach (var result in run.Descendants(trx + "UnitTestResult"))
    {
        var method = classes[(string)result.Attribute("testId")!];
        if (PeerOf((string)method.Attribute("codeBase")!, (string)method.Attribute("className")!) is not (string peer, string role)) continue;
        var name = ((string)result.Attribute("testName")!)[(((string)method.Attribute("className")!).Length + 1)..];
        var outcome = (string?)result.Attribute("outcome") switch { "Passed" => "pass", "NotExecuted" => "skip", _ => "fail" };
        var seconds = TimeSpan.Parse((string?)result.Attribute("duration") ?? "0:0:0", CultureInfo.InvariantCulture).TotalSeconds;
        // What a test printed is of interest when it passed; why it failed or was skipped, when not.
        var said = result.Descendants(trx + "Message").FirstOrDefault()?.Value.ReplaceLineEndings(" ").Trim() ?? "";
        var printed = result.Descendants(trx + "StdOut").FirstOrDefault()?.Value.ReplaceLineEndings(" ").Trim();
        yield return new(peer, VersionOf(peer), role, CaseOf(name), outcome, outcome == "pass" ? $"{seconds.ToString("0.0", CultureInfo.InvariantCulture)} s{(printed is null ? "" : $"; {printed}")}" : said, seconds);
    }
}

// A test's name is a sentence; a cell of a theory has arguments behind it.
static string CaseOf(string test)
{
    var bracket = test.IndexOf('(');
    return bracket < 0 ? test.Replace('_', ' ') : $"{test[..bracket].Replace('_', ' ')} {test[bracket..]}";
}

static (string, string)? PeerOf(string assembly, string test)
{
    var peer = Assembly.LoadFrom(assembly).GetType(test)!.GetCustomAttributesData().FirstOrDefault(attribute => attribute.AttributeType.Name == "PeerAttribute");
    return peer is null ? null : ((string)peer.ConstructorArguments[0].Value!, (string)peer.ConstructorArguments[1].Value!);
}

string VersionOf(string peer)
{
    if (versions.TryGetValue(peer, out var known)) return known;
    var version = peer.Split(' ')[0] switch
    {
        "DPDK" => Package("dpdk-dev"),
        "QEMU" => Package("qemu-system-x86"),
        "qemu-storage-daemon" or "virtiofsd" => Package("qemu-system-common"),
        "Open" => Package("openvswitch-switch-dpdk"),
        "Linux" => Kernel(),
        "Snabb" => Environment.GetEnvironmentVariable("SNABB") is { Length: > 0 } snabb ? Output(snabb, "--version").Replace("snabb ", "") : "",
        "VhostUser" => Regex.Match(File.ReadAllText("VhostUser.psd1"), @"ModuleVersion\s*=\s*'([^']*)'").Groups[1].Value,
        _ => "", // vapp has no versions
    };
    return versions[peer] = version is "" ? "unknown" : version;

    static string Package(string name) => Output("dpkg-query", "-W", "-f", "${Version}", name);
}

static string Kernel() => Regex.Match(Output("uname", "-r"), @"^\d+(\.\d+)*").Value;

static string Output(string program, params string[] arguments)
{
    try
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        return process.StandardOutput.ReadToEnd().Split('\n')[0].Trim();
    }
    catch (System.ComponentModel.Win32Exception)
    {
        return ""; // the program is not here
    }
}

string Summary() => Table(["Peer", "Version", "Its role", "Passed", "Failed", "Skipped"],
    rows.GroupBy(row => (row.Peer, row.Version, row.Role)).Select(group => (string[])[group.Key.Peer, group.Key.Version, group.Key.Role, Count(group, "pass"), Count(group, "fail"), Count(group, "skip")]));

static string Count(IEnumerable<Row> group, string result) => $"{group.Count(row => row.Result == result)}";

string Markdown()
{
    var text = $"""
        # Interop matrix

        Each row is a run against a program of somebody else's, made by `./build.sh interop`, which writes this page and `interop.json`.
        The newest run: {DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}, Linux {Kernel()} {Output("uname", "-m")}, {Environment.ProcessorCount} processors.

        {Summary()}
        """.Replace("\r", "", StringComparison.Ordinal);
    foreach (var peer in rows.GroupBy(row => (row.Peer, row.Role)))
        text += $"\n## {peer.Key.Peer}, {peer.Key.Role}\n\n" + Table(["Case", "Result", "Detail"], peer.Select(row => (string[])[row.Case, row.Result, row.Detail]));
    return text;
}

static string Table(string[] head, IEnumerable<string[]> body) =>
    string.Concat(new[] { head, [.. head.Select(_ => "---")] }.Concat(body).Select(cells => $"| {string.Join(" | ", cells.Select(cell => cell.Replace("|", "\\|")))} |\n"));

XElement JUnit() => new("testsuites", rows.GroupBy(row => row.Peer).Select(peer => new XElement("testsuite",
    new XAttribute("name", peer.Key), new XAttribute("tests", peer.Count()), new XAttribute("failures", Count(peer, "fail")), new XAttribute("skipped", Count(peer, "skip")),
    peer.Select(row => new XElement("testcase", new XAttribute("classname", $"{row.Peer} {row.Role}"), new XAttribute("name", row.Case), new XAttribute("time", row.Seconds.ToString("0.###", CultureInfo.InvariantCulture)),
        row.Result == "fail" ? new XElement("failure", row.Detail) : row.Result == "skip" ? new XElement("skipped", new XAttribute("message", row.Detail)) : null)))));

internal sealed record Row(string Peer, string Version, string Role, string Case, string Result, string Detail, double Seconds);
