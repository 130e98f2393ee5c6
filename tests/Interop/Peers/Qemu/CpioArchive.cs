using System.Globalization;
using System.Text;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>Writes an archive of the form "newc", which the Linux kernel unpacks as its first root file system (initramfs).</summary>
internal sealed class CpioArchive(Stream output)
{
    private const int Folder = 0x4000, Regular = 0x8000, SymbolicLink = 0xa000; // S_IFDIR, S_IFREG, S_IFLNK
    private readonly HashSet<string> _folders = [];
    private long _written;
    private int _number;

    /// <summary>Adds a file, and the folders above it.</summary>
    /// <param name="path">Path without a leading slash.</param>
    /// <param name="content">The file's bytes.</param>
    /// <param name="mode">Permission bits.</param>
    public void AddFile(string path, ReadOnlySpan<byte> content, int mode = 0b111_101_101)
    {
        AddFoldersAbove(path);
        Write(path, Regular | mode, content);
    }

    /// <summary>Adds all files below a folder of this machine, which may all be executed.</summary>
    public void AddFiles(string folder, string target)
    {
        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            AddFile($"{target}/{Path.GetRelativePath(folder, file)}", File.ReadAllBytes(file));
    }

    /// <summary>Adds a symbolic link.</summary>
    public void AddLink(string path, string target)
    {
        AddFoldersAbove(path);
        Write(path, SymbolicLink | 0b111_111_111, Encoding.UTF8.GetBytes(target));
    }

    /// <summary>Adds an empty folder, and those above it.</summary>
    public void AddFolder(string path) => AddFoldersAbove(path + "/");

    /// <summary>Ends the archive.</summary>
    public void Finish() => Write("TRAILER!!!", 0, default);

    private void AddFoldersAbove(string path)
    {
        for (int slash = path.IndexOf('/'); slash >= 0; slash = path.IndexOf('/', slash + 1))
            if (_folders.Add(path[..slash])) Write(path[..slash], Folder | 0b111_101_101, default);
    }

    // cpio(5), "New ASCII Format": thirteen fields of eight hexadecimal digits, name and content each filled up to four bytes.
    private void Write(string path, int mode, ReadOnlySpan<byte> content)
    {
        byte[] name = Encoding.UTF8.GetBytes(path + "\0");
        int[] fields = [++_number, mode, 0, 0, 1, 0, content.Length, 0, 0, 0, 0, name.Length, 0];
        Put(Encoding.ASCII.GetBytes("070701" + string.Concat(fields.Select(field => field.ToString("x8", CultureInfo.InvariantCulture)))));
        Put(name);
        Fill();
        Put(content);
        Fill();
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        _written += bytes.Length;
    }

    private void Fill() => Put(stackalloc byte[(int)(-_written & 3)]);
}
