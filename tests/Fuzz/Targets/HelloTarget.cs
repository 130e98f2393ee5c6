using VhostUser.Transport;

namespace VhostUser.Fuzz.Targets;

/// <summary>What a stranger says first on the control channel, and agreements: what is read says the same when it is written again.</summary>
internal sealed class HelloTarget : FuzzTarget
{
    private readonly byte[] _bytes = new byte[1024];

    public override string Name => "hello";

    public override int InputBytes => 64;

    public override int Run(ref FuzzInput input)
    {
        bool isHello = !input.OneIn(3);
        byte[] correct = isHello ? MakeHello(ref input) : MakeAgreement(ref input);
        correct.CopyTo(_bytes, 0);
        int length = correct.Length;
        for (int mistakes = input.Below(4); mistakes > 0; mistakes--)
        {
            switch (input.Below(4))
            {
                case 0: _bytes[input.Below(length)] = input.Byte(); break;
                case 1: _bytes[input.Below(length)] ^= (byte)(1 << input.Below(8)); break;
                case 2: length = input.Below(_bytes.Length); break;
                default: _bytes[input.Below(isHello ? 8 : 10)] = input.Byte(); break;
            }
            length = Math.Max(length, 1);
        }
        ReadOnlySpan<byte> bytes = _bytes.AsSpan(0, length);
        byte[]? again = isHello ? LinkHello.TryRead(bytes, out _)?.ToBytes() : LinkAgreement.TryRead(bytes)?.ToBytes();
        if (again is null)
        {
            Count("refused");
            return 1;
        }
        FuzzFailure.Unless(bytes.SequenceEqual(again), "what was read is not what was written");
        Good();
        return 1;
    }

    public override void Dispose() { }

    private static byte[] MakeHello(ref FuzzInput input) => new LinkHello
    {
        Nonce = new byte[LinkHello.NonceSize],
        Instance = Guid.Empty,
        Host = Guid.Empty,
        Pairs = 1 + input.Below(LinkHello.MaxPairs),
        Providers = input.Byte(),
        Mode = (LinkMode)input.Below(2),
        Encrypt = input.OneIn(2),
        HeaderLength = 12,
        Features = input.UInt64(),
        LastSession = input.UInt32(),
    }.ToBytes();

    private static byte[] MakeAgreement(ref FuzzInput input) => new LinkAgreement
    {
        Session = input.UInt32(),
        Provider = (LinkProvider)(1 + input.Below(4)),
        Mode = LinkMode.Bundle,
        Encrypt = input.OneIn(2),
        Pairs = 1 + input.Below(LinkHello.MaxPairs),
        Token = new byte[FabricEngine.TokenSize],
        Address = new byte[input.Below(300)],
    }.ToBytes();
}
