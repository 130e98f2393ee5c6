using System.Numerics;

namespace VhostUser.Protocol;

/// <summary>Feature bits as the names of the specification (VIRTIO_NET_F_MRG_RXBUF …), bit by bit; unknown ones keep their number.</summary>
public static class FeatureNames
{
    /// <summary>The names of the bits that are set, lowest bit first.</summary>
    public static string[] Of(VirtioFeatures features) => Of((ulong)features, bit => ((VirtioFeatures)bit).ToString());

    /// <summary>The names of the bits that are set, lowest bit first.</summary>
    public static string[] Of(ProtocolFeatures features) => Of((ulong)features, bit => ((ProtocolFeatures)bit).ToString());

    private static string[] Of(ulong features, Func<ulong, string> name)
    {
        var names = new List<string>();
        for (; features != 0; features &= features - 1)
        {
            ulong bit = features & (0 - features);
            string text = name(bit);
            names.Add(char.IsAsciiDigit(text[0]) ? $"Bit{BitOperations.Log2(bit)}" : text);
        }
        return [.. names];
    }
}
