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

    /// <summary>All values by name, as texts.</summary>
    public Dictionary<string, string> Values(T recipe) => _keys.ToDictionary(key => key.Name, key => key.Get(recipe));

    /// <summary>Whether an option is one of these.</summary>
    public bool Has(Option option) => option == _recipe || _values.Contains(option);

    /// <summary>The recipe of a run that goes on: only how many steps it has may be said anew.</summary>
    /// <exception cref="RecipeException">A value that was given is not the run's.</exception>
    public T Resume(ParseResult parsed, RunRecord record, string folder)
    {
        T given = Read(parsed), recipe = _defaults;
        Dictionary<string, string> values = Values(given), defaults = Values(_defaults);
        for (int i = 0; i < _keys.Count; i++)
        {
            (string name, string value) = (_keys[i].Name, values[_keys[i].Name]);
            if (!record.Recipe.TryGetValue(name, out string? saved)) saved = defaults[name];
            bool named = value != defaults[name] || parsed.GetValue(_values[i]) is not null;
            if (named && name != "steps" && value != saved)
            {
                throw new RecipeException($"{name} is {value}, but the run in '{folder}' was started with {saved}: "
                    + "leave it out to resume the run, or start another in a new folder.");
            }
            recipe = _keys[i].Set(recipe, named && name == "steps" ? value : saved);
        }
        return recipe;
    }
}
