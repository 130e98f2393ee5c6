using System.Management.Automation;
using System.Text;
using VhostUser.Packets;

namespace VhostUser.Arguments;

/// <summary>Takes bytes as people have them: byte[], numbers from 0 to 255, or the memory of a packet; and text where text has a meaning.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class ByteArrayTransformationAttribute : ArgumentTransformationAttribute
{
    /// <summary>Whether text stands for its UTF-8 bytes; without this and <see cref="AllowHex"/> it is left to the engine, which refuses it.</summary>
    public bool AllowText { get; set; }

    /// <summary>Whether text is hex text, as packets may be given.</summary>
    public bool AllowHex { get; set; }

    /// <summary>The bytes, or the input itself when it is something else.</summary>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value switch
        {
            string text when AllowText => Encoding.UTF8.GetBytes(text),
            string text when AllowHex => VhostPacket.FromHex(text).Bytes.ToArray(),
            _ => ByteInput.TryRead(value) ?? inputData,
        };
    }
}
