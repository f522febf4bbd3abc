using System.CommandLine;
using System.CommandLine.Parsing;

namespace ClipSeg.Cli;

/// <summary>Finds words that are no option and no command, and what may have been meant by them.</summary>
internal static class Suggestions
{
    /// <summary>What is wrong with the options of a command line; null if every one of them exists.</summary>
    /// <remarks>
    /// System.CommandLine takes an option that it does not know for a value. A negative number after an option is one.
    /// </remarks>
    public static string? UnknownOption(IReadOnlyList<string> args, CommandResult command)
    {
        Option[] options = [.. Options(command)];
        string[] names = [.. options.SelectMany(o => o.Aliases.Prepend(o.Name))];
        for (int i = 0; i < args.Count && args[i] != "--"; i++)
        {
            if (args[i].Length < 2 || args[i][0] != '-') continue;
            string name = args[i].Split('=', ':')[0];
            if (names.Contains(name)) continue;
            if (i > 0 && names.Contains(args[i - 1]) && double.TryParse(args[i], out _)) continue;
            string meant = Nearest(name, names) is { } near ? $" Did you mean {near}?" : "";
            return $"There is no option {name}.{meant}";
        }
        return null;
    }

    /// <summary>The word that differs least, if it does not differ much.</summary>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        (string Known, int Distance)? nearest = known.Select(k => (Known: k, Distance: Distance(word, k)))
            .OrderBy(p => p.Distance).Cast<(string, int)?>().FirstOrDefault();
        return nearest is { } found && found.Distance <= Math.Max(1, word.TrimStart('-').Length / 3)
            ? found.Known
            : null;
    }

    /// <summary>The letters to insert, to remove and to replace (Levenshtein).</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            (int diagonal, row[0]) = (row[0], i);
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                (diagonal, row[j]) = (row[j], Math.Min(replaced, 1 + Math.Min(row[j], row[j - 1])));
            }
        }
        return row[b.Length];
    }

    private static IEnumerable<Option> Options(CommandResult command)
    {
        IEnumerable<Option> inherited = command.Parent is CommandResult parent
            ? Options(parent).Where(o => o.Recursive)
            : [];
        return command.Command.Options.Concat(inherited);
    }
}
