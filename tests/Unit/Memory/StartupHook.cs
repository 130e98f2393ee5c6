using System.Diagnostics.CodeAnalysis;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Tests.Rings;

/// <summary>
/// What the children of BusErrorProcessTests and DescriptorLimitTests do. A .NET process runs it before its own start when DOTNET_STARTUP_HOOKS names this
/// assembly; the name and the missing namespace are the runtime's.
/// </summary>
[SuppressMessage("Design", "CA1050", Justification = "The runtime looks for a class of this name without namespace.")]
internal static unsafe class StartupHook
{
    /// <summary>The environment variable that says what to do.</summary>
    public const string Variable = "VHOSTUSER_TEST_FAULT";

    public static void Initialize()
    {
        string? fault = Environment.GetEnvironmentVariable(Variable);
        if (fault is null) return;
        if (fault == VhostUser.Tests.Endpoints.Hostile.DescriptorLimitTests.Child)
        {
            VhostUser.Tests.Endpoints.Hostile.DescriptorLimitTests.ReceiveBeyondTheLimit();
            return;
        }
        using FileDescriptor file = GuestMemory.CreateMemfd(8192, sealable: false);
        using MemoryRegion guarded = MemoryRegion.Map(new MemoryRegionDescription { GuestAddress = 1 << 20, UserAddress = 2 << 20, Size = 4096 }, file, 0);
        byte* unguarded = Libc.Map(4096, Libc.PROT_READ, Libc.MAP_SHARED, file.Number, 4096);
        Libc.SetLength(file.Number, 0);
        byte value = fault == "guarded" ? Volatile.Read(ref *guarded.Address) : Volatile.Read(ref *unguarded);
        Console.WriteLine($"read {value}, lost {guarded.IsLost}");
    }
}
