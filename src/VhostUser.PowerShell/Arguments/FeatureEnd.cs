using System.Management.Automation;
using VhostUser.Endpoints;
using VhostUser.Handles;
using VhostUser.Protocol;

namespace VhostUser.Arguments;

/// <summary>One end of a comparison of features: a live server or client or its name, a known program, or features by name or number.</summary>
public sealed class FeatureEnd
{
    private readonly PSObject _value;

    /// <summary>An end, in any of these forms. PowerShell makes no PSObject of a text or a number for a constructor, so this takes an object.</summary>
    public FeatureEnd(object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _value = PSObject.AsPSObject(value);
    }

    /// <inheritdoc/>
    public override string ToString() => _value.ToString();

    /// <summary>What the end can do.</summary>
    /// <exception cref="VhostException">HandleNotFound or InvalidArgument.</exception>
    internal FeatureProfile Resolve() => _value.BaseObject switch
    {
        FeatureProfile profile => profile,
        VhostServer server => FeatureProfile.Of(server),
        VhostClient client => FeatureProfile.Of(client),
        VhostServerInfo info => FeatureProfile.Of(new ServerArgument(info).Resolve()),
        VhostClientInfo info => FeatureProfile.Of(new ClientArgument(info).Resolve()),
        VirtioFeatures features => OfBits((ulong)features),
        ulong bits => OfBits(bits),
        long bits => OfBits((ulong)bits),
        int bits => OfBits((ulong)bits),
        string name => OfName(name),
        System.Collections.IEnumerable names => OfNames([.. names.Cast<object>().Select(name => name.ToString()!)]),
        _ => throw Unknown(_value.ToString()),
    };

    private static FeatureProfile OfBits(ulong bits) => new() { Name = $"0x{bits:x}", Features = (VirtioFeatures)bits };

    private static FeatureProfile OfName(string name)
    {
        if (LiveHandles.Servers.Find("*").FirstOrDefault(server => server.Name == name) is VhostServer server) return FeatureProfile.Of(server);
        if (LiveHandles.Clients.Find("*").FirstOrDefault(client => client.Name == name) is VhostClient client) return FeatureProfile.Of(client);
        return FeatureProfile.Find(name) ?? OfNames(name.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
    }

    private static FeatureProfile OfNames(string[] names)
    {
        VirtioFeatures features = 0;
        foreach (string name in names) features |= Enum.TryParse(name, ignoreCase: true, out VirtioFeatures feature) ? feature : throw Unknown(name);
        return new FeatureProfile { Name = "given", Features = features };
    }

    private static VhostException Unknown(string name) => new(VhostError.InvalidArgument,
        $"'{name}' is no live server or client, no known program ({string.Join(", ", FeatureProfile.Known.Select(profile => profile.Name))}), and no feature.", name,
        "Give a name of those, feature names such as 'Version1,MrgRxbuf' in quotes, or a number of feature bits.");
}
