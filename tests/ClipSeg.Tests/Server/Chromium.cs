using Microsoft.Playwright;

namespace ClipSeg.Tests.Server;

/// <summary>A browser for tests of pages. Screenshots go to the folder <c>CLIPSEG_SCREENSHOTS</c>, if that is
/// set.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private static readonly string? _screenshots = Environment.GetEnvironmentVariable("CLIPSEG_SCREENSHOTS");

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Chromium(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    /// <summary>What pages say is wrong, and addresses elsewhere that they ask for.</summary>
    public List<string> Complaints { get; } = [];

    public static async Task<Chromium> Start()
    {
        IPlaywright playwright = await Playwright.CreateAsync();
        return new(playwright, await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = BrowserFactAttribute.Path,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        }));
    }

    /// <summary>Opens the service's page, and waits until it is ready.</summary>
    public async Task<IPage> Open(
        Uri address, ColorScheme colours = ColorScheme.Light, int width = 1280, int height = 800)
    {
        IPage page = await _browser.NewPageAsync(new()
        {
            ColorScheme = colours,
            ViewportSize = new() { Width = width, Height = height },
        });
        page.SetDefaultTimeout(20_000);
        page.PageError += (_, error) => Complaints.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error") Complaints.Add(message.Text);
        };
        page.Request += (_, request) =>
        {
            Uri asked = new(request.Url);
            if (asked.Scheme is "http" or "https" && asked.Port != address.Port) Complaints.Add(request.Url);
        };
        await page.GotoAsync(address.ToString());
        await page.Locator("body[data-ready]").WaitForAsync();
        return page;
    }

    public static async Task Shoot(IPage page, string name)
    {
        if (_screenshots is not null)
            await page.ScreenshotAsync(new() { Path = Path.Combine(_screenshots, $"{name}.png") });
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
