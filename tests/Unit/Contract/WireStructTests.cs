using System.Runtime.InteropServices;
using Xunit;

namespace VhostUser.Tests.Contract;

public class WireStructTests
{
    private const string ProtocolNamespace = "VhostUser.Protocol";

    /// <summary>Bytes of each struct as its specification draws it: vhost-user "Message types", virtio 1.3 §2.7 and §2.8.</summary>
    private static readonly Dictionary<string, int> _sizes = new()
    {
        ["VhostUser.Protocol.MessageHeader"] = 12,
        ["VhostUser.Protocol.VringStatePayload"] = 8,
        ["VhostUser.Protocol.VringAddressPayload"] = 40,
        ["VhostUser.Protocol.DeviceStatePayload"] = 8,
        ["VhostUser.Protocol.InflightPayload"] = 24,
        ["VhostUser.Protocol.LogPayload"] = 16,
        ["VhostUser.Protocol.MemoryRegionDescription"] = 32,
        ["VhostUser.Protocol.SingleMemoryRegionPayload"] = 40,
        ["VhostUser.Protocol.XenMmap"] = 8,
        ["VhostUser.Protocol.IotlbPayload"] = 32,
        ["VhostUser.Protocol.VringAreaPayload"] = 24,
        ["VhostUser.Protocol.ShmemMapPayload"] = 40,
        ["VhostUser.Rings.Split.SplitDescriptor"] = 16,
        ["VhostUser.Rings.Packed.PackedDescriptor"] = 16,
        ["VhostUser.Rings.Packed.EventSuppression"] = 4,
        ["VhostUser.Rings.Split.SplitInflightRegion"] = 16,
        ["VhostUser.Rings.Split.SplitInflightRecord"] = 16,
        ["VhostUser.Rings.Packed.PackedInflightRegion"] = 32,
        ["VhostUser.Rings.Packed.PackedInflightRecord"] = 32,
    };

    [Fact]
    public void Every_wire_struct_has_the_size_of_the_specification()
    {
        Type[] structs = [.. WireStructs.In(ModuleAssembly.Core.GetTypes().Where(type => type.Namespace == ProtocolNamespace))];
        Assert.NotEmpty(structs);
        Violations.AssertNone(WireStructs.Check(structs, _sizes, ModuleAssembly.Find));
    }

    [Fact]
    public void Every_layout_of_the_protocol_is_packed() => Violations.AssertNone(
        RepositoryFiles.Below("src/VhostUser.Core/Protocol", ".cs")
            .Where(file => SourceText.WithoutComments(RepositoryFiles.Read(file)).Contains("[StructLayout(LayoutKind.Sequential)]"))
            .Select(file => $"{file}: [StructLayout(LayoutKind.Sequential)] without Pack = 1 leaves room between fields."));

    [Fact]
    public void A_struct_that_declares_its_layout_is_a_wire_struct()
    {
        Type[] declared = [typeof(Packed), typeof(Sized), typeof(Explicit)];
        Assert.Equal(declared, WireStructs.In([.. declared, typeof(Plain), typeof(DayOfWeek), typeof(Version)]));
    }

    [Fact]
    public void A_breach_is_found()
    {
        string packed = typeof(Packed).FullName!;
        Func<string, Type?> find = typeof(WireStructTests).Assembly.GetType;
        Assert.Empty(WireStructs.Check([typeof(Packed)], new Dictionary<string, int> { [packed] = 5 }, find));
        Assert.Contains("has no size", Assert.Single(WireStructs.Check([typeof(Packed)], new Dictionary<string, int>(), find)));
        Assert.Contains("has 5 bytes", Assert.Single(WireStructs.Check([], new Dictionary<string, int> { [packed] = 8 }, find)));
        Assert.Contains("does not exist", Assert.Single(WireStructs.Check([], new Dictionary<string, int> { ["Nothing"] = 1 }, find)));
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private record struct Packed(byte A, int B);

    [StructLayout(LayoutKind.Sequential, Size = 16)]
    private record struct Sized(byte A);

    [StructLayout(LayoutKind.Explicit)]
    private record struct Explicit([field: FieldOffset(0)] byte A);

    private record struct Plain(byte A);
}
