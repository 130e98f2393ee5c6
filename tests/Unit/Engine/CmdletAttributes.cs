using System.Management.Automation.Internal;

namespace System.Management.Automation.Internal
{
    /// <summary>The root of the attributes that describe cmdlets and parameters.</summary>
    [AttributeUsage(AttributeTargets.All)]
    public abstract class CmdletMetadataAttribute : Attribute
    {
        internal CmdletMetadataAttribute() { }
    }

    /// <summary>The root of the attributes that guide parameter binding.</summary>
    [AttributeUsage(AttributeTargets.All)]
    public abstract class ParsingBaseAttribute : CmdletMetadataAttribute
    {
        internal ParsingBaseAttribute() { }
    }
}

namespace System.Management.Automation
{
    /// <summary>What cmdlets and advanced functions declare about themselves.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public abstract class CmdletCommonMetadataAttribute : CmdletMetadataAttribute
    {
        private ConfirmImpact _confirmImpact = ConfirmImpact.Medium;

        protected CmdletCommonMetadataAttribute() { }

        public string? DefaultParameterSetName { get; set; }

        public bool SupportsShouldProcess { get; set; }

        public bool SupportsPaging { get; set; }

        /// <summary>None for a command that never asks.</summary>
        public ConfirmImpact ConfirmImpact
        {
            get => SupportsShouldProcess ? _confirmImpact : ConfirmImpact.None;
            set => _confirmImpact = value;
        }

        public string HelpUri { get; set; } = "";

        public RemotingCapability RemotingCapability { get; set; } = RemotingCapability.PowerShell;
    }

    /// <summary>Makes a class the cmdlet Verb-Noun.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class CmdletAttribute : CmdletCommonMetadataAttribute
    {
        public CmdletAttribute(string verbName, string nounName)
        {
            ArgumentException.ThrowIfNullOrEmpty(verbName);
            ArgumentException.ThrowIfNullOrEmpty(nounName);
            VerbName = verbName;
            NounName = nounName;
        }

        public string VerbName { get; }

        public string NounName { get; }
    }

    /// <summary>How much a cmdlet's action may hurt; the caller's $ConfirmPreference is compared with it.</summary>
    public enum ConfirmImpact
    {
        None = 0,
        Low = 1,
        Medium = 2,
        High = 3,
    }

    /// <summary>Who carries a command to another computer.</summary>
    public enum RemotingCapability
    {
        None = 0,
        PowerShell = 1,
        SupportedByCommand = 2,
        OwnedByCommand = 3,
    }

    /// <summary>Declares a type of object that the cmdlet writes.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
    public sealed class OutputTypeAttribute : CmdletMetadataAttribute
    {
        public OutputTypeAttribute(params Type[] type) => Type = Array.ConvertAll(type, one => new PSTypeName(one));

        public OutputTypeAttribute(params string[] type) => Type = Array.ConvertAll(type, one => new PSTypeName(one));

        public PSTypeName[] Type { get; internal set; }

        public string[] ParameterSetName { get; set; } = [ParameterAttribute.AllParameterSets];
    }

    /// <summary>A type by itself or by its name.</summary>
    public class PSTypeName
    {
        public PSTypeName(Type type)
        {
            Type = type;
            Name = type.FullName!;
        }

        public PSTypeName(string name)
        {
            Name = name;
            Type = System.Type.GetType(name);
        }

        public string Name { get; }

        public Type? Type { get; }

        public override string ToString() => Name;
    }
}
