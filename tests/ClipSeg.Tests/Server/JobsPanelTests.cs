using ClipSeg.Jobs;
using ClipSeg.Tests.Cli;
using ClipSeg.Tests.Jobs;
using Microsoft.Playwright;

namespace ClipSeg.Tests.Server;

/// <summary>The page's panel of jobs, used as people use it, with a real RabbitMQ and a worker.</summary>
[Collection(BrokerCollection.Name)]
public sealed class JobsPanelTests(RabbitMq rabbit) : IAsyncLifetime
{
    private readonly JobRun _run = new(rabbit.Address, CliRun.Mini);
    private readonly CancellationTokenSource _stop = new();
    private Broker? _broker;
    private ServerRun? _server;
    private Chromium? _browser;
    private IPage _page = null!;

    public async Task InitializeAsync()
    {
        if (new BrokerAndBrowserFactAttribute().Skip is not null) return;
        _broker = await rabbit.Fresh();
        _server = new(onSocket: true, jobs: new(FolderStore.Make(_run.Store), _broker,
            cancel => Broker.Connect(rabbit.Address, _ => { }, cancel)));
        _browser = await Chromium.Start();
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _server?.Dispose();
        if (_broker is not null) await _broker.DisposeAsync();
        _stop.Dispose();
        _run.Dispose();
    }

    [BrokerAndBrowserFact]
    public async Task A_job_is_submitted_and_its_bar_runs_to_the_end()
    {
        _run.AddPictures(48);
        _page = await _browser!.Open(_server!.Address);
        await Assertions.Expect(_page.GetByText("No jobs yet.")).ToBeVisibleAsync();
        await _page.GetByLabel("Folder", new() { Exact = true }).FillAsync("photos");
        await _page.GetByLabel("Prompts, a line for each").FillAsync("a cup\nred\n");
        await _page.GetByLabel("Overlay").Last.CheckAsync();
        await _page.GetByRole(AriaRole.Button, new() { Name = "Submit" }).ClickAsync();
        await Assertions.Expect(Job("a cup, red")).ToContainTextAsync("running");
        await Assertions.Expect(Job("a cup, red")).ToContainTextAsync("0 of 48 pictures");
        await Assertions.Expect(Job("a cup, red").Locator("progress")).ToHaveAttributeAsync("max", "48");

        Task<(int Code, string)> working = _run.Work(_stop.Token);
        await Assertions.Expect(Job("a cup, red")).ToContainTextAsync("48 of 48 pictures", new() { Timeout = 60_000 });
        await Assertions.Expect(Job("a cup, red")).ToContainTextAsync("done");
        _stop.Cancel();
        Assert.Equal(0, (await working).Code);
        Assert.Equal(0, await _page.GetByRole(AriaRole.Button, new() { Name = "Cancel a cup, red" }).CountAsync());
        await Assertions.Expect(_page.Locator("#said")).ToHaveTextAsync("a cup, red: done.");
        _run.Submit("--not", "a plate");
        _run.Submit("--save", "overlay");
        await _page.ReloadAsync();
        await Assertions.Expect(_page.Locator(".job")).ToHaveCountAsync(3);
        await Assertions.Expect(Job("but not a plate")).ToContainTextAsync("running");
        await _page.Locator("#jobs").ScrollIntoViewIfNeededAsync();
        await Chromium.Shoot(_page, "jobs-light");
        Assert.Empty(_browser.Complaints);
    }

    [BrokerAndBrowserFact]
    public async Task The_keyboard_alone_calls_a_job_off_and_tries_again_what_was_put_aside_on_a_phone()
    {
        _run.AddPictures(32);
        string id = _run.Submit();
        await using (WorkQueue queue = await _broker!.Consume(default))
            await queue.PutAside((await queue.Next())!);
        _page = await _browser!.Open(_server!.Address, ColorScheme.Dark, 390, 844);
        await Assertions.Expect(Job("a cup, red")).ToContainTextAsync("16 put aside");
        await _page.Locator("#jobs").ScrollIntoViewIfNeededAsync();
        await Chromium.Shoot(_page, "jobs-phone-dark");
        Assert.True(await _page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"));

        await _page.Locator("#job-submit").FocusAsync();
        await _page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(Hand("Cancel")).ToBeFocusedAsync();
        await _page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(Hand("Retry")).ToBeFocusedAsync();
        await _page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(Hand("Retry")).ToBeHiddenAsync();
        await Assertions.Expect(_page.Locator($"[data-job='{id}']")).ToBeFocusedAsync();
        Assert.Equal(17u, (await _broker.Depth(default)).Waiting);      // a shard, and sixteen pictures alone
        await _page.Keyboard.PressAsync("Tab");
        await _page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(Job("a cup, red")).ToContainTextAsync("cancelled");
        Assert.True(File.Exists(Path.Combine(_run.Store, StoreKeys.Cancelled(id))));
        Assert.Empty(_browser.Complaints);
    }

    [BrokerAndBrowserFact]
    public async Task What_is_wrong_is_said_in_the_panel()
    {
        _page = await _browser!.Open(_server!.Address);
        await _page.GetByLabel("Folder", new() { Exact = true }).FillAsync("elsewhere");
        await _page.GetByLabel("Prompts, a line for each").FillAsync("a cup");
        await _page.GetByRole(AriaRole.Button, new() { Name = "Submit" }).ClickAsync();
        await Assertions.Expect(_page.Locator("#jobs-error"))
            .ToContainTextAsync("There is no picture below 'elsewhere/'");
        await Assertions.Expect(_page.Locator("#job-submit")).ToBeEnabledAsync();
    }

    private ILocator Job(string name) => _page.Locator(".job").Filter(new() { HasTextString = name });

    private ILocator Hand(string what) => _page.GetByLabel($"{what} a cup, red");
}

/// <summary>A test with a real RabbitMQ, in a real browser.</summary>
internal sealed class BrokerAndBrowserFactAttribute : FactAttribute
{
    public BrokerAndBrowserFactAttribute() => Skip = new BrokerFactAttribute().Skip ?? new BrowserFactAttribute().Skip;
}
