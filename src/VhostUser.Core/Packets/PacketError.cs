namespace VhostUser.Packets;

/// <summary>Builds the one kind of argument error this folder throws: field, what was expected, what was given.</summary>
internal static class PacketError
{
    internal static ArgumentException Argument(string field, string expected, object given) =>
        new($"{field}: expected {expected}, got {given}.");
}
