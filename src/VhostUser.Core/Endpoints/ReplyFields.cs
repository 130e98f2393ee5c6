using System.Runtime.InteropServices;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>Takes the payload of a reply apart, for people who look at it.</summary>
internal static class ReplyFields
{
    public static IReadOnlyDictionary<string, object> Decode(FrontEndRequest request, ReadOnlySpan<byte> payload)
    {
        var fields = new Dictionary<string, object>();
        ulong value = payload.Length >= 8 ? MemoryMarshal.Read<ulong>(payload) : 0;
        switch (request)
        {
            case FrontEndRequest.GetFeatures when payload.Length == 8:
                fields["Features"] = FeatureNames.Of((VirtioFeatures)value);
                break;
            case FrontEndRequest.GetProtocolFeatures when payload.Length == 8:
                fields["ProtocolFeatures"] = FeatureNames.Of((ProtocolFeatures)value);
                break;
            case FrontEndRequest.GetVringBase or FrontEndRequest.GetVringBaseSkipDrain when payload.Length == 8:
                fields["Queue"] = (uint)value;
                fields["Base"] = (uint)(value >> 32);
                break;
            case FrontEndRequest.GetStatus when payload.Length == 8:
                fields["Status"] = (DeviceStatus)value;
                break;
            case FrontEndRequest.GetQueueNum when payload.Length == 8:
                fields["QueuePairs"] = value;
                break;
            case FrontEndRequest.GetMaxMemSlots when payload.Length == 8:
                fields["Slots"] = value;
                break;
            case FrontEndRequest.GetConfig when payload.Length >= MessageTable.ConfigHead:
                fields["Offset"] = (uint)value;
                fields["Size"] = (uint)(value >> 32);
                fields["Config"] = payload[MessageTable.ConfigHead..].ToArray();
                break;
            case FrontEndRequest.GetInflightFd when payload.Length == 24:
                fields["Size"] = value;
                fields["Offset"] = MemoryMarshal.Read<ulong>(payload[8..]);
                fields["Queues"] = MemoryMarshal.Read<ushort>(payload[16..]);
                fields["QueueSize"] = MemoryMarshal.Read<ushort>(payload[18..]);
                break;
            case FrontEndRequest.GetSharedObject when payload.Length == 16:
                fields["Id"] = new Guid(payload, bigEndian: true);
                break;
            case FrontEndRequest.GetShmemConfig when payload.Length == 8 * 257:
                fields["Regions"] = (uint)value;
                fields["Sizes"] = MemoryMarshal.Cast<byte, ulong>(payload[8..]).ToArray();
                break;
            default:
                if (payload.Length == 8) fields["Result"] = value;
                break;
        }
        return fields;
    }
}
