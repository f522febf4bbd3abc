using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace ClipSeg.Cli;

/// <summary>Options that are numbers in a range.</summary>
internal static class Numbers
{
    public static Option<float?> Between(this Option<float?> option, float low, float high)
    {
        option.CustomParser = result => float.TryParse(
            Word(result), NumberStyles.Float, CultureInfo.InvariantCulture, out float x) && x >= low && x <= high
                ? x
                : Refuse<float?>(option, result, $"a number in {low}..{high}");
        return option;
    }

    public static Option<int?> Between(this Option<int?> option, int low, int high)
    {
        option.CustomParser = result => int.TryParse(
            Word(result), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int n) && n >= low
                && n <= high
                ? n
                : Refuse<int?>(option, result, $"a whole number in {low}..{high}");
        return option;
    }

    private static string Word(ArgumentResult result) => result.Tokens.Count == 1 ? result.Tokens[0].Value : "";

    private static T? Refuse<T>(Option option, ArgumentResult result, string expected)
    {
        result.AddError($"{option.Name} is '{Word(result)}', expected {expected}.");
        return default;
    }
}
