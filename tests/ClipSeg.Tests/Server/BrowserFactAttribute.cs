namespace ClipSeg.Tests.Server;

/// <summary>A test in a real browser: Chromium, as Debian's package of that name installs it.</summary>
internal sealed class BrowserFactAttribute : FactAttribute
{
    public const string Path = "/usr/bin/chromium";

    public BrowserFactAttribute() => Skip = File.Exists(Path) ? null : $"Needs {Path}: apt-get install chromium.";
}
