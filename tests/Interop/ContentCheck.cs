namespace VhostUser.Tests.Interop;

/// <summary>Compares every packet with the frames expected, in turn.</summary>
internal sealed class ContentCheck(byte[][] expected)
{
    private int _next = -1;

    public long Packets { get; private set; }

    public long Gaps { get; private set; }

    public string? Failure { get; private set; }

    public IReadOnlyList<ReadOnlyMemory<byte>> Handle(int queue, ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> frame)
    {
        int number = frame.Length > 28 ? frame.Span[28] : 0; // the third byte of the source address counts
        if (!frame.Span.SequenceEqual(expected[number])) Failure ??= $"packet {Packets} of ring {queue} is {Convert.ToHexString(frame.Span)}";
        if (_next >= 0 && number != _next) Gaps++;
        _next = (number + 1) & 255;
        Packets++;
        return [];
    }
}
