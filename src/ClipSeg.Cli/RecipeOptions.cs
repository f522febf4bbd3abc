using System.CommandLine;
using ClipSeg.Training;

namespace ClipSeg.Cli;

/// <summary>A recipe as options: a file with <c>--recipe</c>, and each of its values by name.</summary>
internal sealed class RecipeOptions<T>
{
    private readonly T _defaults;
    private readonly IReadOnlyList<RecipeKey<T>> _keys;
    private readonly List<Option<string?>> _values = [];

    private readonly Option<string?> _recipe = new("--recipe")
    {
        Description = "A JSON file of the values below; those on the command line win.",
        HelpName = "FILE",
    };

    public RecipeOptions(T defaults, IReadOnlyList<RecipeKey<T>> keys)
    {
        (_defaults, _keys) = (defaults, keys);
        foreach (RecipeKey<T> key in keys)
        {
            _values.Add(new($"--{key.Name}")
            {
                Description = $"{key.Description} By default {key.Get(defaults)}.",
                HelpName = "VALUE",
            });
        }
    }

    public void AddTo(Command command)
    {
        command.Options.Add(_recipe);
        foreach (Option<string?> value in _values) command.Options.Add(value);
    }

    /// <exception cref="RecipeException">A value or a file of them cannot be.</exception>
    public T Read(ParseResult parsed)
    {
        T recipe = parsed.GetValue(_recipe) is { } file ? RecipeKeys.Read(file, _defaults, _keys) : _defaults;
        for (int i = 0; i < _keys.Count; i++)
        {
            if (parsed.GetValue(_values[i]) is { } value) recipe = _keys[i].Set(recipe, value);
        }
        return recipe;
    }
}
