using System.Reflection;
using VhostUser.Endpoints;
using VhostUser.Protocol;
using Xunit.Sdk;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>A cell of a theory, skipped by name when it belongs to the full matrix or needs a feature that this version does not have.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class CellAttribute(params object[] arguments) : DataAttribute
{
    private bool _full;
    private VirtioFeatures _needs;
    private ProtocolFeatures _needsProtocol;

    /// <summary>Gets or sets whether the cell is part of the full matrix only.</summary>
    public bool Full
    {
        get => _full;
        set { _full = value; Update(); }
    }

    /// <summary>Gets or sets what a back-end of this version must offer.</summary>
    public VirtioFeatures Needs
    {
        get => _needs;
        set { _needs = value; Update(); }
    }

    /// <summary>Gets or sets which protocol features a back-end of this version must offer.</summary>
    public ProtocolFeatures NeedsProtocol
    {
        get => _needsProtocol;
        set { _needsProtocol = value; Update(); }
    }

    /// <summary>Returns the arguments of the cell.</summary>
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [arguments];

    private void Update()
    {
        VirtioFeatures missing = _needs & ~BackEndOptions.DefaultFeatures;
        ProtocolFeatures missingProtocol = _needsProtocol & ~BackEndOptions.DefaultProtocolFeatures;
        Skip = missing != 0 ? $"this version does not offer {missing}"
            : missingProtocol != 0 ? $"this version does not offer {missingProtocol}"
            : _full ? FullMatrix.WhySkipped! : null!;
    }
}
