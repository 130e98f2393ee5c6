using System.Globalization;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>Reserves the 2 MB hugepages a peer wants, or says why it cannot.</summary>
/// <remarks>
/// No hugetlbfs mount is made: peers are started with memory from <c>memfd_create(MFD_HUGETLB)</c>, which needs reserved pages only and
/// gives them back when the peer ends, however it ends.
/// </remarks>
public static class Hugepages
{
    private const string Folder = "/sys/kernel/mm/hugepages/hugepages-2048kB";
    private const string Reservation = "/proc/sys/vm/nr_hugepages";

    /// <summary>Gets the number of free 2 MB pages.</summary>
    public static int Free => Read($"{Folder}/free_hugepages");

    /// <summary>Makes sure <paramref name="pages"/> pages of 2 MB are free; returns null, or the reason why they are not.</summary>
    public static string? Ensure(int pages)
    {
        if (!Directory.Exists(Folder)) return $"this kernel has no 2 MB hugepages ({Folder} is missing)";
        if (Free >= pages) return null;
        var wanted = Read($"{Folder}/nr_hugepages") + pages - Free;
        try
        {
            File.WriteAllText(Reservation, wanted.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception refused) when (refused is UnauthorizedAccessException or IOException)
        {
            return $"{Free} hugepages of 2 MB are free, {pages} are wanted, and {Reservation} cannot be written here: "
                + $"as root, sysctl vm.nr_hugepages={wanted}";
        }
        return Free >= pages ? null : $"the kernel found memory for only {Free} of {pages} hugepages of 2 MB";
    }

    private static int Read(string file) =>
        File.Exists(file) ? int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture) : 0;
}
