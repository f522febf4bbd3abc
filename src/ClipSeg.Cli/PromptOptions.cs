using System.CommandLine;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Prompts;
using ClipSeg.Text;

namespace ClipSeg.Cli;

/// <summary>The arguments and options that say what to look for.</summary>
internal sealed class PromptOptions
{
    private readonly Argument<string[]> _texts = new("PROMPT")
    {
        Description = "What to find, in words.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string?> _file = new("--prompts")
    {
        Description = "A text file with a prompt on each line.",
        HelpName = "FILE",
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
        command.Arguments.Add(_texts);
        foreach (Option option in (Option[])
            [_file, _template, _supports, _masks, _visualPrompt, _mix, _conditionals, _save])
            command.Options.Add(option);
    }

    /// <summary>Reads everything that needs no model, so that mistakes show before one is opened.</summary>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public PromptRequest Read(ParseResult parsed)
    {
        string[] supports = parsed.GetValue(_supports) ?? [], masks = parsed.GetValue(_masks) ?? [];
        string[] conditionals = parsed.GetValue(_conditionals) ?? [];
        string? file = parsed.GetValue(_file);
        string[] texts = [.. parsed.GetValue(_texts) ?? [], .. file is null ? [] : PromptFile.Read(file)];
        float? mix = parsed.GetValue(_mix);
        string? visualPrompt = parsed.GetValue(_visualPrompt);

        if (texts.Length + supports.Length + conditionals.Length == 0)
            throw new ArgumentException("No prompt: say what to find in words, or show it with --support.");
        if (masks.Length > 0 && masks.Length != supports.Length)
            throw new ArgumentException($"There are {supports.Length} --support and {masks.Length} --support-mask.");
        if (visualPrompt is not null && masks.Length == 0)
            throw new ArgumentException("--visual-prompt needs a --support and its --support-mask.");
        if (mix is not null && (supports.Length == 0 || texts.Length == 0))
            throw new ArgumentException("--mix needs a text and a --support to blend it with.");

        int count = (mix is not null ? texts.Length : texts.Length + Math.Min(supports.Length, 1))
            + conditionals.Length;
        string? save = parsed.GetValue(_save);
        if (save is not null && count != 1)
            throw new ArgumentException($"--save-prompt is for one prompt, there are {count}.");
        return new()
        {
            Texts = texts,
            Templates = Templates(parsed.GetValue(_template)),
            Supports = [.. supports.Select((path, i) => new Support(path, Image.Load(path),
                masks.Length > 0 ? Mask.Load(masks[i]) : null))],
            Masking = visualPrompt is null ? null : ClipMasking.Parse(visualPrompt),
            Engineering = visualPrompt is null || ClipMasking.Parse(visualPrompt) is not null
                ? null
                : VisualPrompt.Named(visualPrompt),
            Mix = mix,
            Conditionals = [.. conditionals.Select(path => new Conditional(path, Prompt.Load(path)))],
            SaveTo = save,
        };
    }

    private static IReadOnlyList<string> Templates(string? template)
    {
        if (template is null) return PromptTemplates.Plain;
        return template.Contains("{}") ? [template] : PromptTemplates.Named(template);
    }
}

/// <summary>A picture that shows what to find.</summary>
internal sealed record Support(string Path, Image Picture, Mask? Mask);

/// <summary>A prompt from a file.</summary>
internal sealed record Conditional(string Path, Prompt Prompt);

/// <summary>What to look for, still without a model.</summary>
internal sealed record PromptRequest
{
    public required IReadOnlyList<string> Texts { get; init; }

    public required IReadOnlyList<string> Templates { get; init; }

    public required IReadOnlyList<Support> Supports { get; init; }

    public required ClipMasking? Masking { get; init; }

    public required VisualPrompt? Engineering { get; init; }

    public required float? Mix { get; init; }

    public required IReadOnlyList<Conditional> Conditionals { get; init; }

    public required string? SaveTo { get; init; }

    /// <summary>The prompts: texts, then the support unless it is blended into those, then those from files.</summary>
    public IReadOnlyList<Prompt> Make(Segmenter segmenter)
    {
        List<Prompt> prompts = Templates == PromptTemplates.Plain
            ? [.. segmenter.Prompts.Texts(Texts)]
            : [.. Texts.Select(text => segmenter.Prompts.Text(text, Templates))];
        if (Supports.Count > 0)
        {
            Prompt support = Prompt.Average([.. Supports.Select(s => Show(segmenter, s))]);
            if (Mix is { } a) prompts = prompts.ConvertAll(text => Prompt.Mix(support, text, a));
            else prompts.Add(support);
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
            prompts.Add(prompt);
        }
        if (SaveTo is not null) prompts[0].Save(SaveTo);
        return prompts;
    }

    private Prompt Show(Segmenter segmenter, Support support)
    {
        try
        {
            Prompt prompt = Masking is not null
                ? segmenter.Prompt(support.Picture, support.Mask!, Masking)
                : segmenter.Prompt(support.Picture, support.Mask, Engineering);
            return prompt.Rename(Path.GetFileName(support.Path));
        }
        catch (ArgumentException e) when (e.ParamName == "mask")
        {
            throw new InvalidDataException($"{support.Path}: {CommandLine.Message(e)}", e);
        }
    }
}
