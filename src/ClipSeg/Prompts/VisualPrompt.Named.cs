namespace ClipSeg.Prompts;

public sealed partial record VisualPrompt
{
    /// <summary>The names of the presets.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "crop_blur_highlight352", "crop_blur_highlight", "crop", "blur3_highlight01", "blur3_highlight",
        "blur_highlight", "highlight", "highlight2", "overlay", "shape", "image_only", "image_black",
    ];

    /// <summary>The preset that the authors' data sets call <paramref name="name"/>.</summary>
    /// <remarks>training-and-evaluation.md §3.4.</remarks>
    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public static VisualPrompt Named(string name) => name switch
    {
        "crop_blur_highlight352" => new() { Blur = 3, BackgroundFactor = 0.1f, CenterContext = 0.1, ImageSize = 352 },
        "crop_blur_highlight" => new() { Blur = 3, BackgroundFactor = 0.1f, CenterContext = 0.1 },
        "crop" => new() { Blur = 1, CenterContext = 0.1 },
        "blur3_highlight01" => new() { Blur = 3, BackgroundFactor = 0.1f, Offset = -0.01f },
        "blur3_highlight" => new() { Blur = 3, BackgroundFactor = 0.5f, Offset = -0.01f },
        "blur_highlight" => new() { Blur = 1, BackgroundFactor = 0.5f, Offset = -0.01f },
        "highlight" => new() { BackgroundFactor = 0.15f },
        // With h = x / 2: (h + 0.1) m + 0.3 h, which is 0.65 x + 0.1 on the object and 0.15 x off it.
        "highlight2" => new() { Brightness = 0.65f, ForegroundOffset = 0.1f, BackgroundFactor = 0.15f / 0.65f },
        "overlay" => new() { BackgroundFactor = 0 },
        "shape" => new() { Brightness = 0, ForegroundOffset = 1 },
        "image_only" => new(),
        "image_black" => new() { Brightness = 0 },
        _ => throw new ArgumentException(
            $"There is no visual prompt '{name}'. Known are {string.Join(", ", Names)}.", nameof(name)),
    };
}
