using System.Globalization;
using System.Runtime.InteropServices;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>Payloads of messages in words. What comes from a peer may be of any size: a payload that is too short is not taken apart.</summary>
internal static class MessageText
{
    /// <summary>A request's payload; its first 40 bytes are enough.</summary>
    public static string OfRequest(FrontEndRequest request, ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 8) return "";
        ulong value = MemoryMarshal.Read<ulong>(payload);
        (uint index, uint number) = ((uint)value, (uint)(value >> 32));
        return request switch
        {
            FrontEndRequest.SetFeatures => Join(FeatureNames.Of((VirtioFeatures)value)),
            FrontEndRequest.SetProtocolFeatures => Join(FeatureNames.Of((ProtocolFeatures)value)),
            FrontEndRequest.SetVringNum => $"ring {index}: {number} descriptors",
            FrontEndRequest.SetVringBase => $"ring {index}: base {number}",
            FrontEndRequest.GetVringBase or FrontEndRequest.GetVringBaseSkipDrain => $"ring {index}",
            FrontEndRequest.SetVringEnable => $"ring {index}: {(number != 0 ? "on" : "off")}",
            FrontEndRequest.SetVringKick or FrontEndRequest.SetVringCall or FrontEndRequest.SetVringErr =>
                $"ring {value & 0xff}{((value & VringFdPayload.NoFdFlag) != 0 ? ": none" : "")}",
            FrontEndRequest.SetVringAddr when payload.Length >= 40 => Areas(MemoryMarshal.Read<VringAddressPayload>(payload)),
            FrontEndRequest.SetMemTable => $"{index} region{(index == 1 ? "" : "s")}",
            FrontEndRequest.AddMemReg or FrontEndRequest.RemMemReg when payload.Length >= 40 => MemoryMarshal.Read<MemoryRegionDescription>(payload[8..]).ToString(),
            FrontEndRequest.SetStatus => $"{(DeviceStatus)value}",
            FrontEndRequest.NetSetMtu => $"{value} bytes",
            FrontEndRequest.GetConfig or FrontEndRequest.SetConfig => $"{number} bytes at {index}",
            _ => "",
        };
    }

    /// <summary>A reply's payload; its first 40 bytes are enough.</summary>
    public static string OfReply(FrontEndRequest request, ReadOnlySpan<byte> payload)
    {
        ulong value = payload.Length >= 8 ? MemoryMarshal.Read<ulong>(payload) : 0;
        if (!MessageTable.TryGet(request, out MessageRule rule) || rule.Reply == ReplyRule.Ack)
            return payload.Length < 8 || value == 0 ? "ok" : $"refused ({value})";
        return Join(ReplyFields.Decode(request, payload).Where(field => field.Key != "Config").Select(field => field.Value switch
        {
            string[] names => Join(names),
            object number => string.Create(CultureInfo.InvariantCulture, $"{field.Key} {number}"),
        }));
    }

    private static string Areas(in VringAddressPayload areas) =>
        $"ring {areas.Index}: descriptors 0x{areas.Descriptors:x}, available 0x{areas.Available:x}, used 0x{areas.Used:x}";

    private static string Join(IEnumerable<string> words) => string.Join(", ", words);
}
