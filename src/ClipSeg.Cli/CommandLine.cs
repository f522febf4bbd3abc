using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Text;
using ClipSeg.Training;
using ClipSeg.Training.Data;

namespace ClipSeg.Cli;

/// <summary>The program: its commands, and what becomes of errors.</summary>
internal static class CommandLine
{
    public const int Done = 0;
    public const int BadFile = 1;
    public const int BadCommandLine = 2;
    public const int Stopped = 130;         // as shells report an interrupt

    /// <summary>
    /// Runs one command. An error is one line on the error stream, and the exit code says whose it was.
    /// </summary>
    public static int Run(string[] args, Terminal terminal)
    {
        try
        {
            RootCommand root = new("Segment anything you can name, or show.")
            {
                SegmentCommand.Create(terminal),
                ShowCommand.Create(terminal),
                ConvertCommand.Create(terminal),
                ExportCommand.Create(terminal),
                PullCommand.Create(terminal),
                TrainCommand.Create(terminal),
                PretrainCommand.Create(terminal),
                ScenesCommand.Create(terminal),
                EvaluateCommand.Create(terminal),
                BenchCommand.Create(terminal),
            };
            HelpOption help = root.Options.OfType<HelpOption>().Single();
            help.Action = new HelpWithExamples((HelpAction)help.Action!);

            // No response files: a prompt may begin with an @.
            ParseResult parsed = root.Parse(args, new() { ResponseFileTokenReplacer = null });
            if (parsed.Errors.Count > 0)
            {
                string command = PathOf(parsed.CommandResult);
                terminal.Fail(
                    $"{string.Join(' ', parsed.Errors.Select(e => e.Message))} See 'clipseg {command}--help'.");
                return BadCommandLine;
            }
            return parsed.Invoke(new()
            {
                Output = terminal.Output,
                Error = terminal.Errors,
                EnableDefaultExceptionHandler = false,
            });
        }
        catch (OperationCanceledException)
        {
            terminal.Fail("Stopped.");
            return Stopped;
        }
        catch (RecipeException e)
        {
            terminal.Fail(e.Message);
            return BadCommandLine;
        }
        catch (ArgumentException e)
        {
            terminal.Fail(Message(e));
            return BadCommandLine;
        }
        catch (Exception e) when (IsBadFile(e))
        {
            terminal.Fail(e.Message);
            return BadFile;
        }
    }

    /// <summary>Whether an exception is about a file, not about this program.</summary>
    public static bool IsBadFile(Exception e) => e is CheckpointException or ImageFormatException or TokenizerException
        or DataFormatException or IOException or UnauthorizedAccessException or InvalidDataException
        or NotSupportedException;

    /// <summary>The message without .NET's note on which of a method's parameters it is about.</summary>
    public static string Message(ArgumentException e) => e.Message.Replace($" (Parameter '{e.ParamName}')", "");

    /// <summary>The help of System.CommandLine, and under it the command's examples.</summary>
    private sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parsed)
        {
            int code = help.Invoke(parsed);
            if (parsed.CommandResult.Command is ExampleCommand command)
                parsed.InvocationConfiguration.Output.WriteLine($"Examples:\n{command.Examples.Indent()}");
            return code;
        }
    }

    /// <summary>"segment ", "evaluate scenes "; nothing for the program itself.</summary>
    private static string PathOf(CommandResult command)
        => command.Parent is CommandResult parent ? $"{PathOf(parent)}{command.Command.Name} " : "";

    private static string Indent(this string lines) => "  " + lines.ReplaceLineEndings("\n  ") + "\n";
}

/// <summary>A command whose help ends in examples.</summary>
internal sealed class ExampleCommand(string name, string description, string examples) : Command(name, description)
{
    public string Examples { get; } = examples;
}
