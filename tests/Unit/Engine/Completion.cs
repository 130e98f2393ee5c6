using System.Collections;
using System.Management.Automation.Language;

namespace System.Management.Automation
{
    /// <summary>Proposes values for a parameter.</summary>
    public interface IArgumentCompleter
    {
        IEnumerable<CompletionResult> CompleteArgument(
            string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters);
    }

    /// <summary>Names the completer of a parameter.</summary>
    [AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
    public class ArgumentCompleterAttribute : Attribute
    {
        public ArgumentCompleterAttribute(Type type)
        {
            if (!typeof(IArgumentCompleter).IsAssignableFrom(type))
                throw new ArgumentException($"{type} is no IArgumentCompleter.", nameof(type));
            Type = type;
        }

        public Type Type { get; internal set; }
    }

    /// <summary>One proposal: what is typed, what is listed, what is explained.</summary>
    public class CompletionResult
    {
        public CompletionResult(string completionText, string listItemText, CompletionResultType resultType, string toolTip)
        {
            CompletionText = NotEmpty(completionText, nameof(completionText));
            ListItemText = NotEmpty(listItemText, nameof(listItemText));
            ToolTip = NotEmpty(toolTip, nameof(toolTip));
            ResultType = resultType;
        }

        public CompletionResult(string completionText) : this(completionText, completionText, CompletionResultType.Text, completionText) { }

        public string CompletionText { get; }

        public string ListItemText { get; }

        public CompletionResultType ResultType { get; }

        public string ToolTip { get; }

        // The real engine throws the null exception for empty text as well.
        private static string NotEmpty(string text, string name) =>
            string.IsNullOrEmpty(text) ? throw new ArgumentNullException(name) : text;
    }

    /// <summary>What kind of thing is proposed.</summary>
    public enum CompletionResultType
    {
        Text = 0,
        History = 1,
        Command = 2,
        ProviderItem = 3,
        ProviderContainer = 4,
        Property = 5,
        Method = 6,
        ParameterName = 7,
        ParameterValue = 8,
        Variable = 9,
        Namespace = 10,
        Type = 11,
        Keyword = 12,
        DynamicKeyword = 13,
    }
}

namespace System.Management.Automation.Language
{
    /// <summary>A parsed piece of script; nothing here parses.</summary>
    public abstract class Ast
    {
        internal Ast() { }
    }

    /// <summary>A statement.</summary>
    public abstract class StatementAst : Ast
    {
        internal StatementAst() { }
    }

    /// <summary>A command or an expression in a pipeline.</summary>
    public abstract class CommandBaseAst : StatementAst
    {
        internal CommandBaseAst() { }
    }

    /// <summary>A command with its arguments.</summary>
    public class CommandAst : CommandBaseAst
    {
        internal CommandAst() { }
    }
}
