using System.CommandLine;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Prompts;
using ClipSeg.Text;

namespace ClipSeg.Cli;

/// <summary>The options that say what to look for, beside words.</summary>
internal sealed class PromptOptions
{
    private readonly Option<string[]> _nots = new("--not")
    {
        Description = "What is not to be found, of every prompt: PROMPT AND NOT this. May be said several times.",
        HelpName = "TEXT",
    };

    private readonly Option<string?> _template = new("--template")
    {
        Description = "A sentence around each text, such as \"a photo of a {}.\", or a list to average over: "
            + "plain, fixed, shuffle or shuffle+.",
        HelpName = "NAME",
    };

    private readonly Option<string[]> _supports = new("--support", "-s")
    {
        Description = "A picture that shows what to find. Several are averaged.",
        HelpName = "IMG",
    };

    private readonly Option<string[]> _masks = new("--support-mask")
    {
        Description = "Where it is in the support picture: white on black, of the same size.",
        HelpName = "MASK",
    };

    private readonly Option<string?> _visualPrompt = new("--visual-prompt")
    {
        Description = $"What the mask does to the support picture: {string.Join(", ", VisualPrompt.Names)}; "
            + "or to CLIP's attention: cls_token or all, with :LAYER for one block. "
            + $"By default {VisualPrompt.Names[0]}.",
        HelpName = "NAME",
    };

    private readonly Option<float?> _mix = new Option<float?>("--mix")
    {
        Description = "Blend every text with the support: A * picture + (1 - A) * text, A in 0..1.",
        HelpName = "A",
    }.Between(0, 1);

    private readonly Option<string[]> _conditionals = new("--conditional")
    {
        Description = "A prompt that --save-prompt wrote.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _save = new("--save-prompt")
    {
        Description = "Write the prompt, of which there must be one, to a file for --conditional.",
        HelpName = "FILE",
    };

    public void AddTo(Command command)
    {
        Option[] all = [_nots, _template, _supports, _masks, _visualPrompt, _mix, _conditionals, _save];
        foreach (Option option in all) command.Options.Add(option);
    }

    /// <summary>Those that are words alone.</summary>
    public void AddWordsTo(Command command)
    {
        command.Options.Add(_nots);
        command.Options.Add(_template);
    }

    public IReadOnlyList<string> Nots(ParseResult parsed) => parsed.GetValue(_nots) ?? [];

    public string? Template(ParseResult parsed) => parsed.GetValue(_template);

    /// <summary>What is looked for in words alone.</summary>
    /// <exception cref="UsageException">A text is no expression, or there is no such template.</exception>
    public static PromptRequest OfWords(
        IReadOnlyList<string> texts, IReadOnlyList<string> nots, string? template) => new()
        {
            Texts = [.. texts.Select(Parse)],
            Nots = [.. nots.Select(Parse)],
            Templates = Templates(template),
            Supports = [],
            Masking = null,
            Engineering = null,
            Mix = null,
            Conditionals = [],
            SaveTo = null,
        };

    /// <summary>Reads everything that needs no model, so that mistakes show before one is opened.</summary>
    /// <param name="texts">What to find in words.</param>
    /// <exception cref="UsageException">The options contradict each other.</exception>
    public PromptRequest Read(ParseResult parsed, IReadOnlyList<string> texts)
    {
        string[] supports = parsed.GetValue(_supports) ?? [], masks = parsed.GetValue(_masks) ?? [];
        string[] conditionals = parsed.GetValue(_conditionals) ?? [];
        float? mix = parsed.GetValue(_mix);
        string? visualPrompt = parsed.GetValue(_visualPrompt);

        if (texts.Count + supports.Length + conditionals.Length == 0)
            throw new UsageException("No prompt: say what to find in words, or show it with --support. "
                + "A word that is a file or a folder counts as a picture, unless --prompt is before it.");
        if (masks.Length > 0 && masks.Length != supports.Length)
            throw new UsageException($"There are {supports.Length} --support and {masks.Length} --support-mask.");
        if (visualPrompt is not null && masks.Length == 0)
            throw new UsageException("--visual-prompt needs a --support and its --support-mask.");
        if (mix is not null && (supports.Length == 0 || texts.Count == 0))
            throw new UsageException("--mix needs a text and a --support to blend it with.");

        PromptExpression[] expressions = [.. texts.Select(Parse)];
        if (mix is not null && expressions.FirstOrDefault(e => !e.IsPhrase) is { } mixed)
        {
            throw new UsageException(
                $"--mix blends phrases, '{mixed}' is an expression. With --not, what it leaves out is not blended.");
        }

        ClipMasking? masking = visualPrompt is null ? null : ClipMasking.Parse(visualPrompt);
        PromptRequest request = new()
        {
            Texts = expressions,
            Nots = [.. (parsed.GetValue(_nots) ?? []).Select(Parse)],
            Templates = Templates(parsed.GetValue(_template)),
            Supports = [.. supports.Select((path, i) => new Support(path, Image.Load(path),
                masks.Length > 0 ? Mask.Load(masks[i]) : null))],
            Masking = masking,
            Engineering = visualPrompt is null || masking is not null
                ? null
                : UsageException.Check(() => VisualPrompt.Named(visualPrompt)),
            Mix = mix,
            Conditionals = [.. conditionals.Select(path => new Conditional(path, Prompt.Load(path)))],
            SaveTo = parsed.GetValue(_save),
        };
        if (request.SaveTo is null) return request;
        if (request.Count != 1)
            throw new UsageException($"--save-prompt is for one prompt, there are {request.Count}.");
        return request.Nots.Count == 0 && expressions.All(e => e.IsPhrase)
            ? request
            : throw new UsageException("--save-prompt is for a phrase or a picture, not for prompts that combine.");
    }

    private static PromptExpression Parse(string text) => Check(text, () => PromptExpression.Parse(text));

    /// <exception cref="UsageException">The expression cannot be made of the text.</exception>
    internal static PromptExpression Check(string text, Func<PromptExpression> make)
    {
        try
        {
            return make();
        }
        catch (PromptSyntaxException e)
        {
            throw new UsageException($"Prompt '{text}': {e.Message}", e);
        }
    }

    private static IReadOnlyList<string> Templates(string? template)
    {
        if (template is null) return PromptTemplates.Plain;
        return template.Contains("{}") ? [template] : UsageException.Check(() => PromptTemplates.Named(template));
    }
}

/// <summary>A picture that shows what to find.</summary>
internal sealed record Support(string Path, Image Picture, Mask? Mask);

/// <summary>A prompt from a file.</summary>
internal sealed record Conditional(string Path, Prompt Prompt);

/// <summary>What to look for, still without a model.</summary>
internal sealed record PromptRequest
{
    public required IReadOnlyList<PromptExpression> Texts { get; init; }

    /// <summary>What is left out of every prompt.</summary>
    public required IReadOnlyList<PromptExpression> Nots { get; init; }

    public required IReadOnlyList<string> Templates { get; init; }

    public required IReadOnlyList<Support> Supports { get; init; }

    public required ClipMasking? Masking { get; init; }

    public required VisualPrompt? Engineering { get; init; }

    public required float? Mix { get; init; }

    public required IReadOnlyList<Conditional> Conditionals { get; init; }

    public required string? SaveTo { get; init; }

    /// <summary>How many prompts that makes.</summary>
    public int Count => Texts.Count + (Supports.Count > 0 && Mix is null ? 1 : 0) + Conditionals.Count;

    /// <summary>The prompts: texts, then the support unless it is blended into those, then those from files.</summary>
    public CombinedPrompts Make(Segmenter segmenter)
    {
        Dictionary<string, Prompt> phrases = Phrases(segmenter);
        List<CombinedPrompt> prompts
            = [.. Texts.Select(text => Combined(text, [.. text.Phrases.Select(phrase => phrases[phrase])]))];
        if (Supports.Count > 0)
        {
            Prompt support = Prompt.Average([.. Supports.Select(s => Show(segmenter, s))]);
            prompts = Mix is { } a
                ? [.. Texts.Select(text => One(Prompt.Mix(support, phrases[text.Phrases[0]], a)))]
                : [.. prompts, One(support)];
        }
        foreach ((string path, Prompt prompt) in Conditionals)
        {
            int width = segmenter.Model.Config.EmbeddingWidth;
            if (prompt.Width != width)
            {
                throw new CheckpointException(
                    $"File '{path}' holds a prompt of {prompt.Width} values, this model's have "
                    + $"{width}: it was made with another CLIP.");
            }
            prompts.Add(One(prompt));
        }
        if (SaveTo is not null) prompts[0].Leaves[0].Save(SaveTo);
        return new(prompts);

        CombinedPrompt One(Prompt prompt) => Combined(PromptExpression.Phrase(prompt.Name), [prompt]);

        CombinedPrompt Combined(PromptExpression expression, IReadOnlyList<Prompt> leaves)
        {
            PromptExpression all = PromptOptions.Check(expression.ToString(), () => expression.Without(Nots));
            return new(all, [.. leaves, .. all.Phrases.Skip(leaves.Count).Select(phrase => phrases[phrase])]);
        }
    }

    /// <summary>A prompt for each phrase in words.</summary>
    private Dictionary<string, Prompt> Phrases(Segmenter segmenter)
    {
        string[] all = [.. Texts.Concat(Nots).SelectMany(text => text.Phrases).Distinct(StringComparer.Ordinal)];
        Prompt[] prompts = Templates == PromptTemplates.Plain
            ? segmenter.Prompts.Texts(all)
            : [.. all.Select(phrase => segmenter.Prompts.Text(phrase, Templates))];
        return all.Zip(prompts).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
    }

    private Prompt Show(Segmenter segmenter, Support support)
    {
        try
        {
            Prompt prompt = Masking is null
                ? segmenter.Prompt(support.Picture, support.Mask, Engineering)
                : UsageException.Check(() => segmenter.Prompt(support.Picture, support.Mask!, Masking));
            return prompt.Rename(Path.GetFileName(support.Path));
        }
        catch (ArgumentException e) when (e.ParamName == "mask")
        {
            throw new InvalidDataException($"{support.Path}: {UsageException.Text(e)}", e);
        }
    }
}
