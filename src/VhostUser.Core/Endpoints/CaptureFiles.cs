using System.Globalization;
using System.Runtime.InteropServices;
using VhostUser.Packets.Pcap;

namespace VhostUser.Endpoints;

/// <summary>The file of a capture, or the row of files when it rotates; used by the capture's thread.</summary>
internal sealed class CaptureFiles : IDisposable
{
    private static readonly string s_application = $"VhostUser {typeof(CaptureFiles).Assembly.GetName().Version?.ToString(3)}";

    private readonly VhostCaptureOptions _options;
    private readonly List<string> _files = [];
    private readonly Action<PcapngWriter> _end;
    private FileStream _stream;
    private PcapngWriter _writer;
    private long _closedBytes;
    private long _inFile;
    private int _number;

    /// <param name="options">How the capture is to be.</param>
    /// <param name="end">Writes what belongs at the end of each file.</param>
    /// <exception cref="VhostException">CaptureExists, CaptureFailed.</exception>
    public CaptureFiles(VhostCaptureOptions options, Action<PcapngWriter> end)
    {
        _options = options;
        _end = end;
        if (!options.Force && FindExisting() is string existing)
            throw new VhostException(VhostError.CaptureExists, $"'{existing}' exists already.", existing, "Choose another path, or give -Force to write over it.");
        (_stream, _writer) = OpenNext();
    }

    /// <summary>The files that are there, oldest first; another thread may read this.</summary>
    public string[] Files
    {
        get
        {
            lock (_files) return [.. _files];
        }
    }

    /// <summary>Bytes of all files.</summary>
    public long Bytes => _closedBytes + _writer.Length;

    /// <summary>Writes a packet, into the next file when it is time for that; false when the limit of all bytes would be passed.</summary>
    /// <exception cref="IOException">The file system refused it.</exception>
    public bool TryWrite(in CapturedPacket packet)
    {
        int size = PcapngWriter.SizeOf(packet);
        if (_options.Size > 0 && Bytes + size > _options.Size) return false;
        if (_inFile > 0 && (_options.RotateSize > 0 && _writer.Length + size > _options.RotateSize || _options.RotateCount > 0 && _inFile >= _options.RotateCount))
        {
            Close();
            _closedBytes += _writer.Length;
            (_stream, _writer) = OpenNext();
            _inFile = 0;
        }
        _writer.WritePacket(packet);
        _inFile++;
        return true;
    }

    /// <summary>Makes what was written visible to readers of the file.</summary>
    public void Flush() => _writer.Flush();

    /// <summary>Ends the last file.</summary>
    public void Close()
    {
        _end(_writer);
        _writer.Flush();
        _stream.Dispose();
    }

    /// <summary>Lets the file go as it is.</summary>
    public void Dispose() => _stream.Dispose();

    private (FileStream, PcapngWriter) OpenNext()
    {
        string path = _options.Rotates ? PathOf((++_number).ToString("00000", CultureInfo.InvariantCulture)) : _options.Path;
        FileStream stream;
        try
        {
            // The writer has a buffer of its own.
            stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new VhostException(VhostError.CaptureFailed, $"'{path}' can't be written: {error.Message}", path, "Choose a path in a folder that exists and that you may write to.", error);
        }
        var writer = new PcapngWriter(stream);
        writer.WriteSection(s_application, RuntimeInformation.OSDescription, RuntimeInformation.OSArchitecture.ToString());
        foreach (CaptureSource source in _options.Sources)
            writer.WriteInterface(new CaptureInterface { Name = source.Name, Description = source.Description, SnapLength = (uint)_options.SnapLength }, "vhost-user virtqueue");
        lock (_files)
        {
            _files.Add(path);
            while (_options.Keep > 0 && _files.Count > _options.Keep)
            {
                File.Delete(_files[0]);
                _files.RemoveAt(0);
            }
        }
        return (stream, writer);
    }

    private string PathOf(string number) => Path.Join(Path.GetDirectoryName(_options.Path), $"{Path.GetFileNameWithoutExtension(_options.Path)}-{number}{Path.GetExtension(_options.Path)}");

    private string? FindExisting()
    {
        if (!_options.Rotates) return File.Exists(_options.Path) ? _options.Path : null;
        string pattern = PathOf("?????");
        string folder = Path.GetDirectoryName(pattern) is { Length: > 0 } named ? named : ".";
        return Directory.Exists(folder) ? Directory.EnumerateFiles(folder, Path.GetFileName(pattern)).FirstOrDefault() : null;
    }
}
