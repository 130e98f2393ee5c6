// dotnet run --file eng/TestSummary.cs -- FOLDER: adds up the suites that left results in FOLDER; exit code 1 when anything failed.
// NAME.trx (dotnet test) or NAME.xml (Pester, NUnit 3) are results; NAME.exit is how the suite ended; NAME.skipped is why it did not run.
#:property PublishAot=false
using System.Xml.Linq;

var folder = args[0];
List<string> suites = ["Unit", "Interop", "Pester"];
suites = [.. suites.Union(Directory.GetFiles(folder).Select(file => Path.GetFileNameWithoutExtension(file)!).Order())];
var (passed, failed, skipped) = (0, 0, 0);

Console.WriteLine();
foreach (var suite in suites)
{
    var counts = Count(suite, out var reasons);
    Console.WriteLine($"{suite + ":",-10}{counts.Passed} passed, {counts.Failed} failed, {counts.Skipped} skipped");
    foreach (var reason in reasons.GroupBy(reason => reason.ReplaceLineEndings(" ").Trim()))
        Console.WriteLine($"{"",10}{reason.Key}{(reason.Count() > 1 ? $" ({reason.Count()} tests)" : "")}");
    passed += counts.Passed;
    failed += counts.Failed;
    skipped += counts.Skipped;
}
Console.WriteLine($"{passed} passed, {failed} failed, {skipped} skipped");
return failed == 0 ? 0 : 1;

// A suite that did not run counts as one skipped; one that broke off, as one failed.
(int Passed, int Failed, int Skipped) Count(string suite, out List<string> reasons)
{
    reasons = [];
    if (Text($"{suite}.skipped") is { } whySkipped)
    {
        reasons.Add($"skipped: {whySkipped}");
        return (0, 0, 1);
    }

    var counts = (Passed: 0, Failed: 0, Skipped: 0);
    var hasResults = true;
    if (File.Exists(Path.Combine(folder, $"{suite}.trx"))) counts = CountTrx(Load($"{suite}.trx"), reasons);
    else if (File.Exists(Path.Combine(folder, $"{suite}.xml"))) counts = CountNUnit(Load($"{suite}.xml"), reasons);
    else hasResults = false;

    var exit = Text($"{suite}.exit") ?? "unknown";
    string? broken = counts.Failed > 0 ? null
        : !hasResults || exit != "0" ? $"ended with exit code {exit} and no failed test: a build error, a crash or a hang; see above"
        : counts is (0, _, 0) ? "no tests were found" : null;
    if (broken is not null)
    {
        reasons.Add($"failed: {broken}");
        counts.Failed = 1;
    }
    return counts;
}

static (int, int, int) CountTrx(XElement run, List<string> reasons)
{
    var results = run.Descendants().Where(element => element.Name.LocalName == "UnitTestResult").ToList();
    int Outcome(string outcome) => results.Count(result => (string?)result.Attribute("outcome") == outcome);
    foreach (var result in results.Where(result => (string?)result.Attribute("outcome") == "NotExecuted"))
        reasons.Add($"skipped: {result.Descendants().FirstOrDefault(e => e.Name.LocalName == "Message")?.Value ?? "no reason given"}");
    var (passed, skipped) = (Outcome("Passed"), Outcome("NotExecuted"));
    return (passed, results.Count - passed - skipped, skipped);
}

static (int, int, int) CountNUnit(XElement run, List<string> reasons)
{
    const string PesterPrefix = "Exception: is skipped, because ";
    foreach (var test in run.Descendants("test-case").Where(test => (string?)test.Attribute("result") == "Skipped"))
    {
        var message = test.Descendants("message").FirstOrDefault()?.Value.Replace(PesterPrefix, "");
        reasons.Add($"skipped: {message ?? (string?)test.Attribute("name")}");
    }
    int Number(string name) => (int?)run.Attribute(name) ?? 0;
    var (passed, skipped) = (Number("passed"), Number("skipped"));
    return (passed, Number("failed") + Number("inconclusive"), skipped);
}

XElement Load(string name) => XElement.Load(Path.Combine(folder, name));

string? Text(string name) => File.Exists(Path.Combine(folder, name)) ? File.ReadAllText(Path.Combine(folder, name)).Trim() : null;
