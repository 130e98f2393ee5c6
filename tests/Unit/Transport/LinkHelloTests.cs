using VhostUser.Transport;
using Xunit;

namespace VhostUser.Tests.Transport;

/// <summary>What two ends tell each other, and what they make of it.</summary>
public class LinkHelloTests
{
    [Fact]
    public void A_hello_comes_back_as_it_was()
    {
        LinkHello hello = Hello() with { Pairs = 3, Delivered = [1, 2, uint.MaxValue], Encrypt = true, Features = 1ul << 40, HeaderLength = 12, LastSession = 9 };
        LinkHello read = LinkHello.TryRead(hello.ToBytes(), out string reason)!;
        Assert.Equal("", reason);
        Assert.Equal(hello.ToBytes(), read.ToBytes());
        Assert.Equal((3, true, 12, 9u, 1ul << 40), (read.Pairs, read.Encrypt, read.HeaderLength, read.LastSession, read.Features));
        Assert.Equal([1, 2, uint.MaxValue], read.Delivered);
    }

    [Theory]
    [InlineData(0, 1, "does not begin")]
    [InlineData(4, 9, "version")]
    [InlineData(6, 0, "0 queue pairs")]
    [InlineData(6, 200, "200 queue pairs")]
    [InlineData(6, 2, "bytes")]
    [InlineData(81, 7, "mode 7")]
    [InlineData(82, 2, "flags")]
    [InlineData(83, 11, "header has 11")]
    public void A_wrong_hello_is_told_by_its_field(int offset, byte value, string why)
    {
        byte[] bytes = Hello().ToBytes();
        bytes[offset] = value;
        Assert.Null(LinkHello.TryRead(bytes, out string reason));
        Assert.Contains(why, reason);
        Assert.Null(LinkHello.TryRead(bytes.AsSpan(0, 40), out _));
    }

    [Fact]
    public void The_ends_agree_on_the_best_provider_and_the_smaller_number_of_pairs()
    {
        LinkHello own = Hello() with { Providers = 0b01010, Pairs = 4 }, peer = Hello() with { Providers = 0b11000, Pairs = 2 };
        LinkAgreement agreement = LinkAgreement.Decide(own, peer, out _)!;
        Assert.Equal((LinkProvider.Tcp, 2, LinkMode.Bundle), (agreement.Provider, agreement.Pairs, agreement.Mode));
        Assert.True(LinkAgreement.Decide(own, peer with { Encrypt = true }, out _)!.Encrypt);
    }

    [Fact]
    public void Ends_that_do_not_go_together_are_told_why()
    {
        Assert.Null(LinkAgreement.Decide(Hello() with { Providers = 1 << 3 }, Hello() with { Providers = 1 << 4 }, out string reason));
        Assert.Contains("listening end offers Tcp, the connecting end Shm", reason);
        Assert.Null(LinkAgreement.Decide(Hello() with { Providers = 1 << 4 }, Hello() with { Providers = 1 << 4, Host = Guid.NewGuid() }, out reason));
        Assert.Contains("two processes of one host", reason);
        var process = Guid.NewGuid();
        Assert.Null(LinkAgreement.Decide(Hello() with { Providers = 1 << 4, Process = process }, Hello() with { Providers = 1 << 4, Process = process }, out reason));
        Assert.Contains("two processes of one host", reason);
    }

    [Fact]
    public void An_agreement_comes_back_as_it_was_and_a_wrong_one_not_at_all()
    {
        LinkAgreement agreement = LinkAgreement.Decide(Hello(), Hello(), out _)! with { Session = 77, Token = LinkCredential.CreateKey(), Address = [1, 2, 3] };
        byte[] bytes = agreement.ToBytes();
        Assert.Equal(bytes, LinkAgreement.TryRead(bytes)!.ToBytes());
        Assert.Null(LinkAgreement.TryRead(bytes.AsSpan(0, bytes.Length - 1)));
        for (int i = 4; i < 10; i++)
        {
            byte[] wrong = [.. bytes];
            wrong[i] = 0xff;
            Assert.Null(LinkAgreement.TryRead(wrong));
        }
    }

    [Fact]
    public void A_key_has_32_bytes_and_a_password_is_none()
    {
        Assert.Equal("Key", LinkCredential.FromText(Convert.ToBase64String(LinkCredential.CreateKey())).Kind);
        foreach (string wrong in (string[])["secret", "", "AAAA"])
        {
            var error = Assert.Throws<VhostException>(() => LinkCredential.FromText(wrong));
            Assert.Equal(VhostError.InvalidArgument, error.Error);
        }
    }

    internal static LinkHello Hello() => new()
    {
        Nonce = new byte[LinkHello.NonceSize], Instance = Guid.Empty, Host = Guid.Empty, Pairs = 1, Providers = 1 << (int)LinkProvider.Tcp, Mode = LinkMode.Auto, Encrypt = false, HeaderLength = 0,
    };
}
