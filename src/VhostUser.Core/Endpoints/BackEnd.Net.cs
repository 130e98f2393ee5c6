using System.Buffers.Binary;
using System.Runtime.InteropServices;
using VhostUser.Devices.Net;
using VhostUser.Packets;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>The messages of a network device: announcement, MTU, and its configuration space.</summary>
internal sealed partial class BackEnd
{
    private const uint ConfigWritable = 0;
    private const uint ConfigMigration = 1;

    private byte[]? _config;

    /// <summary>How often SEND_RARP came.</summary>
    public int Announcements { get; private set; }

    /// <summary>The address of the last SEND_RARP, or null.</summary>
    public MacAddress? LastAnnounced { get; private set; }

    /// <summary>The MTU of NET_SET_MTU, or null when none came.</summary>
    public int? Mtu { get; private set; }

    // The session's copy: a driver may write some of it.
    private byte[] Config => _config ??= _options.ConfigSpace.ToArray();

    /// <summary>The guest is here now, and may not be able to say so itself.</summary>
    private void SendRarp(Message message)
    {
        MacAddress guest = MacAddress.FromBytes(message.Payload);
        if (guest.IsMulticast)
            throw new VhostException(VhostError.RequestValueInvalid, $"SEND_RARP announces {guest}, which is the address of a group.", "SEND_RARP", "The payload's first 6 bytes are the guest's MAC address.");
        Device.Announce(RarpFrame.Create(guest));
        LastAnnounced = guest;
        Announcements++;
    }

    private void NetSetMtu(Message message)
    {
        ulong mtu = message.ReadUInt64();
        if (mtu is < NetConfig.SmallestMtu or > NetConfig.LargestMtu)
            throw new VhostException(VhostError.RequestValueInvalid, $"NET_SET_MTU asks for {mtu} bytes; expected {NetConfig.SmallestMtu} to {NetConfig.LargestMtu}.", "NET_SET_MTU", "IPv4 needs 68 bytes (virtio 1.3 §5.1.4.1).");
        Mtu = (int)mtu;
        Device.MtuChanged((int)mtu);
        if (Config.Length >= NetConfig.MtuOffset + 2) BinaryPrimitives.WriteUInt16LittleEndian(Config.AsSpan(NetConfig.MtuOffset), (ushort)mtu);
    }

    /// <summary>A reply without payload is the specification's way to say that the range can't be read.</summary>
    private void GetConfig(Message message)
    {
        ReadOnlySpan<uint> head = MemoryMarshal.Cast<byte, uint>(message.Payload[..MessageTable.ConfigHead]); // offset, size, flags
        bool readable = head[1] > 0 && head[1] <= MessageTable.MaxConfig && (ulong)head[0] + head[1] <= (ulong)Config.Length;
        Span<byte> reply = stackalloc byte[MessageTable.ConfigHead + (readable ? (int)head[1] : 0)];
        if (readable)
        {
            message.Payload[..MessageTable.ConfigHead].CopyTo(reply);
            UpdateStatus();
            Config.AsSpan((int)head[0], (int)head[1]).CopyTo(reply[MessageTable.ConfigHead..]);
        }
        _connection.Send(MessageHeader.ForReply(FrontEndRequest.GetConfig, readable ? reply.Length : 0), readable ? reply : default);
    }

    /// <summary>Whether the guest was asked to announce itself and has not acknowledged it.</summary>
    public bool AnnouncementPending => _control is { AnnouncePending: true };

    /// <summary>Asks the guest to announce itself: the status says so until the control command ANNOUNCE_ACK (virtio 1.3 §5.1.6.5.4).</summary>
    /// <exception cref="VhostException">RequestNotNegotiated, or what sending throws.</exception>
    public void RequestAnnouncement()
    {
        if (_control is null || (Features & VirtioFeatures.GuestAnnounce) == 0 || (ProtocolFeatures & ProtocolFeatures.Config) == 0 || Config.Length <= NetConfig.StatusOffset)
            throw new VhostException(VhostError.RequestNotNegotiated, "The guest can't be asked to announce itself: that needs the feature GuestAnnounce, the protocol feature Config, and a configuration space with a status.", "CONFIG_CHANGE_MSG",
                "Start the server with -ControlQueue, and let the front-end acknowledge GuestAnnounce: a client does with -Feature GuestAnnounce, QEMU never passes the feature on.");
        _control.AnnouncePending = true;
        SendBytes(BackEndRequest.ConfigChangeMsg, default);
    }

    private void UpdateStatus()
    {
        if (Config.Length <= NetConfig.StatusOffset || _control is null) return;
        ref byte status = ref Config[NetConfig.StatusOffset];
        status = (byte)(status & ~NetConfig.Announce | (AnnouncementPending ? NetConfig.Announce : 0));
    }

    private void SetConfig(Message message)
    {
        ReadOnlySpan<uint> head = MemoryMarshal.Cast<byte, uint>(message.Payload[..MessageTable.ConfigHead]);
        ReadOnlySpan<byte> bytes = message.Payload[MessageTable.ConfigHead..];
        ulong end = (ulong)head[0] + head[1];
        if (head[1] == 0 || head[1] != (uint)bytes.Length || end > (ulong)Config.Length)
            throw new VhostException(VhostError.RequestValueInvalid, $"SET_CONFIG writes {head[1]} bytes at {head[0]} and carries {bytes.Length}; the space has {Config.Length}.", "SET_CONFIG",
                "Size must be that of the bytes behind the 12-byte head, and the range inside the space.");
        if (head[2] is not (ConfigWritable or ConfigMigration))
            throw new VhostException(VhostError.RequestValueInvalid, $"SET_CONFIG has flags 0x{head[2]:x}; expected 0 (a driver writes) or 1 (migration).", "SET_CONFIG", "See the specification's \"Virtio device config space\".");
        // Only the address, and only by a driver before virtio 1.0 (virtio 1.3 §5.1.4.2); the rest is read-only unless a migration restores it.
        bool writable = end <= MacAddress.Size && (Features & VirtioFeatures.Version1) == 0;
        if (head[2] == ConfigWritable && !writable)
            throw new VhostException(VhostError.RequestNotSupported, $"SET_CONFIG: bytes {head[0]} to {end - 1} of the configuration space can't be written by this driver.", "SET_CONFIG",
                "A legacy driver may write the MAC address, bytes 0 to 5; nothing else is writable.");
        bytes.CopyTo(Config.AsSpan((int)head[0]));
    }
}
