using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using ClipSeg.Cli.Jobs;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Prompts;
using ClipSeg.Text;
using ClipSeg.Training;
using ClipSeg.Training.Data;

namespace ClipSeg.Cli;

/// <summary>The program: its commands, and what becomes of errors.</summary>
/// <remarks>
/// A command is one sealed class of one shape: its options are its fields, <c>Create</c> makes the command of them, and
/// <c>Run</c> is what it does. Options that several commands have are such a class as well, with <c>AddTo</c>.
/// </remarks>
internal static class CommandLine
{
    public const int Done = 0;
    public const int BadFile = 1;
    public const int BadCommandLine = 2;
    public const int NothingFound = 4;
    public const int Defect = 70;           // sysexits.h, EX_SOFTWARE
    public const int Stopped = 130;         // as shells report an interrupt

    private const string DebugVariable = "CLIPSEG_DEBUG";

    // Only the one that is named is made: the options of all cost a tenth of a short run.
    private static readonly (string Name, Func<Terminal, Command> Create)[] _commands =
    [
        ("segment", SegmentCommand.Create), ("show", ShowCommand.Create), ("convert", ConvertCommand.Create),
        ("export", ExportCommand.Create), ("pull", PullCommand.Create), ("list", ListCommand.Create),
        ("rm", RemoveCommand.Create), ("train", TrainCommand.Create), ("pretrain", PretrainCommand.Create),
        ("scenes", ScenesCommand.Create), ("evaluate", EvaluateCommand.Create), ("ablate", AblateCommand.Create),
        ("bench", BenchCommand.Create), ("serve", ServeCommand.Create), ("jobs", JobsCommand.Create),
        ("worker", WorkerCommand.Create),
    ];

    /// <summary>
    /// Runs one command. An error is one line on the error stream, and the exit code says whose it was.
    /// </summary>
    public static int Run(string[] args, Terminal terminal)
    {
        try
        {
            return Invoke(args, terminal);
        }
        catch (OperationCanceledException)
        {
            terminal.Fail("Stopped.");
            return Stopped;
        }
        catch (Exception e) when (e is UsageException or RecipeException)
        {
            terminal.Fail(e.Message);
            if (e.InnerException is PromptSyntaxException syntax) terminal.Errors.WriteLine(syntax.Pointer.Indent());
            return BadCommandLine;
        }
        catch (Exception e) when (IsBadFile(e))
        {
            terminal.Fail(e.Message);
            return BadFile;
        }
        catch (Exception e)
        {
            terminal.Fail($"This is a defect of clipseg, not of your files: {e.GetType().Name}: {e.Message} "
                + $"Please report this line, the command, and what {DebugVariable}=1 prints besides.");
            if (terminal.Variable(DebugVariable) == "1") terminal.Errors.WriteLine(e);
            return Defect;
        }
    }

    /// <summary>Whether an exception is about a file, not about this program.</summary>
    public static bool IsBadFile(Exception e) => e is CheckpointException or ImageFormatException or TokenizerException
        or DataFormatException or IOException or UnauthorizedAccessException or InvalidDataException;

    private static int Invoke(string[] args, Terminal terminal)
    {
        RootCommand root = new("Segment anything you can name, or show.");
        bool named = args.Length > 0 && _commands.Any(command => command.Name == args[0]);
        foreach ((string name, Func<Terminal, Command> create) in _commands)
        {
            if (!named || name == args[0]) root.Subcommands.Add(create(terminal));
        }
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);

        // No response files: a prompt may begin with an @. No -ofolder for -o folder: it would make -prompt a prompt.
        ParserConfiguration words = new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false };
        ParseResult parsed = root.Parse(args, words);
        bool onlyNames = parsed.Tokens.All(token => token.Type == TokenType.Command);
        if (onlyNames && parsed.CommandResult.Command.Subcommands.Count > 0)
            parsed = root.Parse([.. args, help.Name], words);
        if (parsed.Action is not HelpWithExamples && Mistake(args, parsed) is { } mistake)
            throw new UsageException($"{mistake} See 'clipseg {PathOf(parsed.CommandResult)}--help'.");
        return parsed.Invoke(new()
        {
            Output = terminal.Output,
            Error = terminal.Errors,
            EnableDefaultExceptionHandler = false,
        });
    }

    /// <summary>What is wrong with the words of a command line; null if nothing is.</summary>
    private static string? Mistake(string[] args, ParseResult parsed)
    {
        if (Suggestions.UnknownOption(args, parsed.CommandResult) is { } unknown) return unknown;
        string[] commands = [.. parsed.CommandResult.Command.Subcommands.Select(c => c.Name)];
        if (commands.Length > 0 && parsed.UnmatchedTokens.FirstOrDefault() is { } word)
        {
            return $"There is no command '{word}'. " + (Suggestions.Nearest(word, commands) is { } meant
                ? $"Did you mean {meant}?"
                : $"The commands are {string.Join(", ", commands)}.");
        }
        return parsed.Errors.Count > 0 ? string.Join(' ', parsed.Errors.Select(e => e.Message)) : null;
    }

    /// <summary>The help of System.CommandLine, and under it the command's examples.</summary>
    private sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parsed)
        {
            int code = help.Invoke(parsed);
            if (parsed.CommandResult.Command is ExampleCommand command)
                parsed.InvocationConfiguration.Output.WriteLine($"Examples:\n{command.Examples.Indent()}\n");
            return code;
        }
    }

    /// <summary>"segment ", "evaluate scenes "; nothing for the program itself.</summary>
    private static string PathOf(CommandResult command)
        => command.Parent is CommandResult parent ? $"{PathOf(parent)}{command.Command.Name} " : "";

    private static string Indent(this string lines) => "  " + lines.ReplaceLineEndings("\n  ");
}

/// <summary>A command whose help ends in examples.</summary>
internal sealed class ExampleCommand(string name, string description, string examples) : Command(name, description)
{
    public string Examples { get; } = examples;
}
