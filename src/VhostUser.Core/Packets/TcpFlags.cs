namespace VhostUser.Packets;

/// <summary>The control bits of a TCP segment (RFC 9293 §3.1).</summary>
[Flags]
public enum TcpFlags : byte
{
    /// <summary>No bit set.</summary>
    None = 0,

    /// <summary>The sender has no more data.</summary>
    Fin = 1,

    /// <summary>Open a connection.</summary>
    Syn = 2,

    /// <summary>Drop the connection.</summary>
    Rst = 4,

    /// <summary>Hand the data to the application at once.</summary>
    Psh = 8,

    /// <summary>The acknowledgment number counts.</summary>
    Ack = 16,

    /// <summary>The urgent pointer counts.</summary>
    Urg = 32,

    /// <summary>Explicit congestion notification: congestion was met.</summary>
    Ece = 64,

    /// <summary>The congestion window was reduced.</summary>
    Cwr = 128,
}
