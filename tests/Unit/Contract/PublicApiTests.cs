using System.Globalization;
using Xunit;

namespace VhostUser.Tests.Contract;

/// <summary>
/// The public API of Core is what the file beside this one says. A change that is meant is recorded with
/// <c>VHOSTUSER_WRITE_PUBLIC_API=1 dotnet test</c>, and the file is reviewed like code.
/// </summary>
public class PublicApiTests
{
    private const string Snapshot = "tests/Unit/Contract/PublicApi.txt";

    [Fact]
    public void The_public_api_of_Core_is_as_recorded()
    {
        string[] actual = PublicApi.Of(ModuleAssembly.Core);
        if (Environment.GetEnvironmentVariable("VHOSTUSER_WRITE_PUBLIC_API") == "1")
            File.WriteAllLines(RepositoryFiles.PathOf(Snapshot), actual);

        string[] recorded = RepositoryFiles.Read(Snapshot).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Violations.AssertNone(Difference(recorded, actual));
    }

    [Fact]
    public void The_listing_shows_what_a_caller_sees()
    {
        string name = TypeNames.Of(typeof(Sample));
        Assert.Equal(
            [
                $"{name}: abstract class",
                $"{name}: base System.Collections.ArrayList",
                $"{name}: implements System.IDisposable",
                $"{name}.Changed: event System.EventHandler",
                $"{name}.Dispose(): void",
                $"{name}.Find<T>(string? key, out int found, ref long at, System.Span<byte> data, int? limit = default): static T[]",
                $"{name}.Hook(): protected virtual string?",
                $"{name}.Limit: const int = 3",
                $"{name}.Name: string {{ get; protected set; }}",
                $"{name}.Start: int {{ init; }}",
                $"{name}.new(System.Collections.Generic.List<string[]> names): protected",
            ],
            PublicApi.Of(typeof(Sample)));
    }

    [Fact]
    public void A_record_shows_its_properties_and_an_enum_its_values()
    {
        string record = TypeNames.Of(typeof(Point));
        Assert.Equal(
            [
                $"{record}: sealed record",
                $"{record}: implements System.IEquatable<{record}>",
                $"{record}.X: int {{ get; init; }}",
                $"{record}.new(int X)",
            ],
            PublicApi.Of(typeof(Point)));
        string colour = TypeNames.Of(typeof(Colour));
        Assert.Equal([$"{colour}: enum byte", $"{colour}.Blue = 2"], PublicApi.Of(typeof(Colour)));
    }

    [Fact]
    public void The_difference_names_both_sides() => Assert.Equal(["- b", "+ c"], Difference(["a", "b"], ["a", "c"]));

    private static IEnumerable<string> Difference(string[] recorded, string[] actual) =>
        [.. recorded.Except(actual).Select(line => "- " + line), .. actual.Except(recorded).Select(line => "+ " + line)];

    public enum Colour : byte
    {
        Blue = 2,
    }

    public sealed record Point(int X);

    public abstract class Sample : System.Collections.ArrayList, IDisposable
    {
        public const int Limit = 3;

        protected Sample(List<string[]> names) => Name = names.Count.ToString(CultureInfo.InvariantCulture);

        public event EventHandler? Changed;

        public string Name { get; protected set; }

        public int Start
        {
            init => Name = value.ToString(CultureInfo.InvariantCulture);
        }

        public static T[] Find<T>(string? key, out int found, ref long at, Span<byte> data, int? limit = null)
        {
            found = 0;
            return [];
        }

        public void Dispose() => Changed?.Invoke(this, EventArgs.Empty);

        public override int Add(object? value) => 0;

        protected virtual string? Hook() => null;
    }
}
