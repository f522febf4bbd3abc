using System.Text.Json;
using ClipSeg.Imaging;
using Microsoft.Playwright;

namespace ClipSeg.Tests.Server;

/// <summary>The page, used as people use it, with the model in the box.</summary>
public sealed class PageTests : IAsyncLifetime
{
    private static readonly string _garden = Path.Combine(Fixtures.Root, "examples", "garden.jpg");

    private readonly ServerRun _server =
        new(onSocket: true, model: Path.Combine(Fixtures.Root, "models", "clipseg-emoji"));
    private Chromium? _browser;
    private IPage _page = null!;

    public async Task InitializeAsync()
    {
        if (File.Exists(BrowserFactAttribute.Path)) _browser = await Chromium.Start();
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _server.Dispose();
    }

    [BrowserFact]
    public async Task Masks_appear_while_one_types_and_follow_the_threshold_and_the_view()
    {
        await Open();
        await Shoot("empty-light");
        Assert.False(await _page.Locator("#jobs").IsVisibleAsync());        // this service has none
        await Choose();
        Assert.Equal(0, await Tinted());

        await _page.Locator("#words").FillAsync("blueberries");
        await Chip("blueberries", "covers").WaitForAsync();
        Assert.Contains("draft", await Chip("blueberries").GetAttributeAsync("class"));
        Assert.InRange(await Tinted(), 0.02, 0.2);          // the blueberries cover 4 % of the garden

        await _page.Locator("#words").PressAsync("Enter");
        await _page.Locator("#words").FillAsync("a pink flower");
        await _page.Locator("#words").PressAsync("Enter");
        await Chip("a pink flower", "covers").WaitForAsync();
        Assert.Equal(2, await _page.Locator("#chips .chip").CountAsync());
        await Shoot("overlay-light");

        await _page.GetByLabel("Cut-out", new() { Exact = true }).CheckAsync();
        await Drawn("cutout");
        Assert.InRange(await Share("d[i + 3] === 0"), 0.5, 0.95);
        await Shoot("cutout-light");

        await _page.GetByLabel("Binary").CheckAsync();
        await Drawn("binary");
        double before = await Share("d[i] + d[i + 1] + d[i + 2] > 0");
        await _page.Locator("#threshold").FillAsync("0.9");
        await Drawn("binary 0.9");
        Assert.InRange(await Share("d[i] + d[i + 1] + d[i + 2] > 0"), 0.001, before);
        await _page.GetByLabel("Follow edges").UncheckAsync();
        await _page.Locator("#threshold").FillAsync("0.98");
        await Chip("a pink flower", "not found").WaitForAsync();

        await _page.GetByLabel("Soft", new() { Exact = true }).CheckAsync();
        await Drawn("soft");
        await Shoot("soft-light");
        Assert.Empty(_browser!.Complaints);
    }

    [BrowserFact]
    public async Task What_is_left_out_and_hidden_goes_from_the_picture()
    {
        await Open();
        await Choose();
        await Ask("a flower");
        double whole = await Tinted();
        await _page.GetByText("But not").ClickAsync();
        await _page.Locator("#negative").FillAsync("a pink flower");
        await _page.Locator("#negative").PressAsync("Enter");
        await Assertions.Expect(_page.Locator("#negatives .chip")).ToHaveCountAsync(1);
        await Settle();
        Assert.InRange(await Tinted(), 0, 0.9 * whole);

        await _page.GetByLabel("Show a flower").ClickAsync();
        await Drawn("overlay 0.5 0");
        Assert.Equal(0, await Tinted());
        await _page.GetByLabel("Remove a flower").ClickAsync();
        await Assertions.Expect(_page.Locator("#chips .chip")).ToHaveCountAsync(0);
        Assert.Empty(_browser!.Complaints);
    }

    [BrowserFact]
    public async Task An_example_is_painted_shown_as_the_model_sees_it_and_blended_with_words()
    {
        await Open();
        await Choose();
        await _page.GetByText("Show it instead").ClickAsync();
        await _page.Locator("#same-support").ClickAsync();
        await _page.GetByLabel("Box", new() { Exact = true }).CheckAsync();
        await Drag(0.17, 0.36, 0.60, 0.78);                 // the blueberries
        await _page.Locator("#engineered[src]").WaitForAsync();
        await Chip("The example picture", "covers").WaitForAsync();
        Assert.InRange(await Tinted(), 0.02, 0.5);
        Assert.True(await _page.EvaluateAsync<bool>("() => document.getElementById('engineered').naturalWidth > 0"));

        await _page.Locator("#words").FillAsync("blueberries");
        await _page.Locator("#words").PressAsync("Enter");
        await Chip("blueberries", "covers").WaitForAsync();
        double half = await Tinted();
        await _page.Locator("#mix").FillAsync("0");
        for (int i = 0; await Tinted() == half; i++)
        {
            Assert.True(i < 100, "The blend changes nothing.");
            await Task.Delay(100);
        }
        await Shoot("example-light");
        await _page.GetByLabel("Brush", new() { Exact = true }).CheckAsync();
        await Drag(0.2, 0.2, 0.4, 0.2);
        await Settle();
        await _page.Locator("#remove-support").ClickAsync();
        Assert.False(await _page.Locator("#support-area").IsVisibleAsync());
        Assert.Empty(_browser!.Complaints);
    }

    [BrowserFact]
    public async Task What_is_shown_is_saved_and_told_as_code()
    {
        await Open();
        await Choose();
        await Ask("blueberries");
        Image garden = Image.Load(_garden);

        Mask mask = Mask.Decode(await Saved("mask"));
        Assert.Equal((garden.Width, garden.Height), (mask.Width, mask.Height));
        Assert.InRange(mask.Values.Average(), 0.02, 0.2);
        Image cut = Image.Decode(await Saved("cutout"));
        Assert.NotNull(cut.Alpha);
        int kept = Array.IndexOf(cut.Alpha, (byte)255);
        Assert.Equal(garden.Pixels.AsSpan(3 * kept, 3), cut.Pixels.AsSpan(3 * kept, 3));
        Assert.NotEqual(garden.Pixels, Image.Decode(await Saved("overlay")).Pixels);

        using JsonDocument coco = JsonDocument.Parse(await Saved("coco"));
        JsonElement annotation = coco.RootElement.GetProperty("annotations")[0];
        string counts = annotation.GetProperty("segmentation").GetProperty("counts").GetString()!;
        Assert.Equal(annotation.GetProperty("area").GetInt64(),
            CocoRle.Parse(counts, garden.Width, garden.Height).Area);
        Assert.Equal("blueberries", coco.RootElement.GetProperty("categories")[0].GetProperty("name").GetString());

        await _page.GetByText("Do this in code").ClickAsync();
        Assert.Equal($"curl -F 'image=@garden.jpg' -F 'prompt=blueberries' {_server.Address}v1/segment",
            await _page.Locator("#curl").TextContentAsync());
        Assert.Contains("PromptExpression.Parse(\"blueberries\")", await _page.Locator("#csharp").TextContentAsync());
        Assert.Empty(_browser!.Complaints);
    }

    [BrowserFact]
    public async Task The_keyboard_alone_gets_masks_and_paints_an_example()
    {
        await Open(ColorScheme.Dark);
        await _page.Locator("#examples button").First.FocusAsync();
        await _page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(_page.Locator("#words")).ToBeFocusedAsync();
        await _page.Keyboard.TypeAsync("blueberries");
        await _page.Keyboard.PressAsync("Enter");
        await Chip("blueberries", "covers").WaitForAsync();
        Assert.Matches("blueberries: found, score", await _page.Locator("#said").TextContentAsync());
        Assert.Equal("garden.jpg, with masks of blueberries",
            await _page.Locator("#picture").GetAttributeAsync("aria-label"));
        await Shoot("overlay-dark");

        await _page.Locator("input[name=view]:checked").FocusAsync();
        await _page.Keyboard.PressAsync("ArrowRight");
        await Drawn("soft");
        await _page.Locator("#show summary").FocusAsync();
        await _page.Keyboard.PressAsync("Enter");
        await _page.Keyboard.PressAsync("Tab");
        await _page.Keyboard.PressAsync("Tab");
        await _page.Keyboard.PressAsync("Enter");           // use this picture
        await _page.Locator("#support").WaitForAsync();
        await _page.Locator("#support").FocusAsync();
        await _page.Keyboard.PressAsync("ArrowUp");
        await _page.Keyboard.PressAsync(" ");
        await _page.Locator("#engineered[src]").WaitForAsync();
        Assert.Empty(_browser!.Complaints);
    }

    [BrowserFact]
    public async Task A_phone_has_room_for_all_of_it()
    {
        await Open(ColorScheme.Dark, 390, 844);
        await Shoot("empty-phone-dark");
        await Choose();
        await Ask("blueberries");
        await Ask("a pink flower");
        await Shoot("overlay-phone-dark");
        Assert.True(await _page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"));
        Assert.Empty(_browser!.Complaints);
    }

    [BrowserFact]
    public async Task What_is_no_picture_is_said_so_and_a_forgotten_one_is_sent_again()
    {
        await Open();
        await _page.Locator("#file").SetInputFilesAsync(new FilePayload
        {
            Name = "notes.png",
            MimeType = "image/png",
            Buffer = "no picture"u8.ToArray(),
        });
        await Assertions.Expect(_page.Locator("#error")).ToContainTextAsync("notes.png: this browser cannot show it");

        await Choose();
        Assert.False(await _page.Locator("#error").IsVisibleAsync());
        await _page.RouteAsync("**/v1/segment", async route =>
        {
            if (!route.Request.PostData!.Contains("imageId")) await route.ContinueAsync();
            else await route.FulfillAsync(new() { Status = 404, Body = """{"detail":"gone"}""" });
        });
        await _page.Locator("#words").FillAsync("blueberries");
        await Chip("blueberries", "covers").WaitForAsync();
    }

    private async Task Open(ColorScheme colours = ColorScheme.Light, int width = 1280, int height = 800)
        => _page = await _browser!.Open(_server.Address, colours, width, height);

    private async Task Choose()
    {
        await _page.Locator("#file").SetInputFilesAsync(_garden);
        await _page.Locator("#picture").WaitForAsync();
        await Settle();
    }

    private async Task Ask(string prompt)
    {
        await _page.Locator("#words").FillAsync(prompt);
        await _page.Locator("#words").PressAsync("Enter");
        await Chip(prompt, "covers").WaitForAsync();
        await Settle();
    }

    private ILocator Chip(string prompt, string meter = "") => _page.Locator("#chips .chip")
        .Filter(new() { Has = _page.GetByText(prompt, new() { Exact = true }), HasTextString = meter });

    /// <summary>Waits until nothing is asked for and all is drawn.</summary>
    private Task Settle() => _page.WaitForFunctionAsync("""
        () => document.getElementById("busy").hidden
          && new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))
        """);

    private Task Drawn(string what) => _page.WaitForFunctionAsync(
        "what => document.getElementById('picture').dataset.drawn.startsWith(what)", what);

    /// <summary>The share of pixels in an overlay that the first prompt's vermilion makes redder.</summary>
    private Task<double> Tinted() => Share("d[i] * (s[i + 2] + 9) > 1.5 * s[i] * (d[i + 2] + 9)");

    /// <summary>The share of the pixels, at <c>d[i]</c> drawn and <c>s[i]</c> in the file, that something is true
    /// of.</summary>
    private Task<double> Share(string condition) => _page.EvaluateAsync<double>($$"""
        async () => {
          const c = document.getElementById("picture");
          const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
          const original = new OffscreenCanvas(c.width, c.height), context = original.getContext("2d");
          context.drawImage(await createImageBitmap(await (await fetch("examples/garden.jpg")).blob()), 0, 0);
          const s = context.getImageData(0, 0, c.width, c.height).data;
          let n = 0;
          for (let i = 0; i < d.length; i += 4) if ({{condition}}) n++;
          return n / (d.length / 4);
        }
        """);

    private async Task Drag(double left, double top, double right, double bottom)
    {
        ILocator canvas = _page.Locator("#support");
        await canvas.ScrollIntoViewIfNeededAsync();
        LocatorBoundingBoxResult box = (await canvas.BoundingBoxAsync())!;
        await _page.Mouse.MoveAsync(At(left, box.X, box.Width), At(top, box.Y, box.Height));
        await _page.Mouse.DownAsync();
        await _page.Mouse.MoveAsync(
            At(right, box.X, box.Width), At(bottom, box.Y, box.Height), new() { Steps = 5 });
        await _page.Mouse.UpAsync();

        static float At(double part, double start, double length) => (float)(start + part * length);
    }

    private async Task<byte[]> Saved(string kind)
    {
        Task<IDownload> waiting = _page.WaitForDownloadAsync();
        await _page.Locator($"[data-save={kind}]").ClickAsync();
        await using Stream stream = await (await waiting).CreateReadStreamAsync();
        using MemoryStream saved = new();
        await stream.CopyToAsync(saved);
        return saved.ToArray();
    }

    private async Task Shoot(string name)
    {
        await Settle();
        await Chromium.Shoot(_page, name);
    }
}
