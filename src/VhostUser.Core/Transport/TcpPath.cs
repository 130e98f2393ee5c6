using System.Globalization;
using VhostUser.Interop;

namespace VhostUser.Transport;

/// <summary>
/// What the kernel tells of the TCP connections of a link. libfabric 1.17 does not hand out its sockets, so they are found among this
/// process's descriptors by the port that both ends agreed on for the session.
/// </summary>
/// <param name="Retransmits">Segments sent again, of all connections together.</param>
/// <param name="Mtu">The smallest path MTU, in bytes; 0 when no connection was found.</param>
internal readonly record struct TcpPath(long Retransmits, int Mtu)
{
    /// <param name="port">The fabric's port.</param>
    /// <param name="isLocal">Whether it is a port of this end.</param>
    public static TcpPath Read(int port, bool isLocal)
    {
        long retransmits = 0;
        uint mtu = uint.MaxValue;
        foreach (string entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            int fd = int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture);
            if (!Libc.TryGetPorts(fd, out int local, out int remote) || (isLocal ? local : remote) != port || !Libc.TryGetTcpInfo(fd, out tcp_info info)) continue;
            retransmits += info.tcpi_total_retrans;
            mtu = Math.Min(mtu, info.tcpi_pmtu);
        }
        return new TcpPath(retransmits, mtu == uint.MaxValue ? 0 : (int)mtu);
    }
}
