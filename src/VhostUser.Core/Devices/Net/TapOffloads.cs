using VhostUser.Protocol;

namespace VhostUser.Devices.Net;

/// <summary>What the kernel may leave to whoever reads from a tap: TUN_F_* of linux/if_tun.h, by the guest's features.</summary>
internal static class TapOffloads
{
    private const uint Csum = 0x01;
    private const uint Tso4 = 0x02;
    private const uint Tso6 = 0x04;
    private const uint TsoEcn = 0x08;
    private const uint Ufo = 0x10;
    private const uint Uso4 = 0x20;
    private const uint Uso6 = 0x40;

    /// <summary>All of them.</summary>
    public const uint All = Csum | Tso4 | Tso6 | TsoEcn | Ufo | Uso4 | Uso6;

    /// <summary>The features that a kernel without USO can't honour.</summary>
    public const VirtioFeatures UsoFeatures = VirtioFeatures.HostUso | VirtioFeatures.GuestUso4 | VirtioFeatures.GuestUso6;

    /// <summary>What a guest with these features takes.</summary>
    public static uint For(VirtioFeatures features)
    {
        if ((features & VirtioFeatures.GuestCsum) == 0) return 0; // every other needs it (virtio 1.3 §5.1.3.1)
        uint offloads = Csum;
        if ((features & VirtioFeatures.GuestTso4) != 0) offloads |= Tso4;
        if ((features & VirtioFeatures.GuestTso6) != 0) offloads |= Tso6;
        if ((features & VirtioFeatures.GuestEcn) != 0 && (offloads & (Tso4 | Tso6)) != 0) offloads |= TsoEcn;
        if ((features & VirtioFeatures.GuestUfo) != 0) offloads |= Ufo;
        // A header does not say which IP it is about, and the kernel wants both.
        if ((features & VirtioFeatures.GuestUso4) != 0 && (features & VirtioFeatures.GuestUso6) != 0) offloads |= Uso4 | Uso6;
        return offloads;
    }
}
