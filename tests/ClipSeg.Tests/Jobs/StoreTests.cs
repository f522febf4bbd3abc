using System.Text;
using ClipSeg.Jobs;

namespace ClipSeg.Tests.Jobs;

/// <summary>A folder and a bucket do the same.</summary>
public sealed class StoreTests : IDisposable
{
    private const int Limit = 1 << 24;

    private readonly TemporaryFolder _folder = new();
    private readonly CancellationToken _none = CancellationToken.None;
    private S3Server? _server;

    public void Dispose()
    {
        _server?.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public Task A_folder_keeps_what_it_is_given() => Check(Folder());

    [S3Fact]
    public Task A_bucket_keeps_what_it_is_given() => Check(Bucket(""));

    [S3Fact]
    public Task A_prefix_keeps_what_it_is_given() => Check(Bucket("some/where"));

    [Theory]
    [InlineData("../outside")]
    [InlineData("a/../../outside")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a/.")]
    [InlineData("a\\b")]
    [InlineData("a\nb")]
    [InlineData("")]
    public async Task A_name_that_may_lead_elsewhere_is_refused(string key)
    {
        IStore store = Folder();
        await Assert.ThrowsAsync<StoreException>(() => store.Read(key, Limit, _none));
        await Assert.ThrowsAsync<StoreException>(() => store.Write(key, new byte[1], _none));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task A_link_out_of_the_folder_is_not_listed()
    {
        IStore store = Folder();
        Directory.CreateSymbolicLink(_folder.At("etc"), "/etc");
        _folder.Write(".hidden.png", [1]);
        _folder.Write("a.png", [1]);
        Assert.Equal(["a.png"], await Keys(store, ""));
    }

    [Fact]
    public async Task A_folder_that_is_not_mounted_is_away_and_is_not_written_to()
    {
        IStore store = Folder();
        await store.Write("a/b", new byte[3], _none);
        Directory.Move(_folder.At("jobs"), _folder.At("elsewhere"));
        await Assert.ThrowsAsync<StoreAwayException>(() => store.Exists("a/c", _none));
        await Assert.ThrowsAsync<StoreAwayException>(() => store.Read("a/c", Limit, _none));
        await Assert.ThrowsAsync<StoreAwayException>(() => store.Write("a/c", new byte[1], _none));
        await Assert.ThrowsAsync<StoreAwayException>(() => Keys(store, ""));
        Assert.False(Path.Exists(_folder.At("a", "c")));
    }

    [S3Fact]
    public async Task A_server_that_is_down_is_away_and_one_without_the_bucket_refuses()
    {
        IStore store = Bucket("");
        Assert.Contains("NoSuchBucket", (await Assert.ThrowsAsync<StoreException>(
            () => Store.Open("s3://nowhere", _server!.Endpoint, make: true).Read("a", Limit, _none))).Message);
        _server!.Kill();
        await Assert.ThrowsAsync<StoreAwayException>(() => store.Exists("a/c", _none));
        _server.Start();
        Assert.False(await store.Exists("a/c", _none));
    }

    [Fact]
    public async Task Who_is_patient_waits_for_a_store_that_is_away()
    {
        IStore store = Folder();
        List<string> told = [];
        using CancellationTokenSource stop = new();
        PatientStore patient = new(store, told.Add, stop.Token);
        Directory.Move(_folder.At("jobs"), _folder.At("elsewhere"));
        Task writing = patient.Write("a", new byte[1], _none);
        await Task.Delay(500);
        Assert.False(writing.IsCompleted);
        Directory.Move(_folder.At("elsewhere"), _folder.At("jobs"));
        await writing.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Contains("is not there", Assert.Single(told));

        Directory.Move(_folder.At("jobs"), _folder.At("elsewhere"));
        Task<bool> asking = patient.Exists("b", _none);
        stop.Cancel();
        await Assert.ThrowsAsync<StoreAwayException>(() => asking.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Theory]
    [InlineData("s3://b/root", "s3://b/root/photos", "photos/")]
    [InlineData("s3://b/root/", "s3://b/root", "")]
    [InlineData("s3://b", "photos/2026/", "photos/2026/")]
    [InlineData("/srv/store", "/srv/store/photos", "photos/")]
    [InlineData("/srv/store", ".", "")]
    public void A_place_is_found_in_its_store(string store, string place, string expected)
        => Assert.Equal(expected, Store.Prefix(store, place));

    [Theory]
    [InlineData("s3://b/root", "s3://b/rooted/photos")]
    [InlineData("s3://b", "s3://c/photos")]
    [InlineData("/srv/store", "/srv/photos")]
    [InlineData("/srv/store", "../photos")]
    public void A_place_elsewhere_is_refused(string store, string place)
        => Assert.Throws<StoreException>(() => Store.Prefix(store, place));

    private async Task Check(IStore store)
    {
        byte[] large = new byte[300_000];       // more than a chunk of the SDK's
        new Random(42).NextBytes(large);
        await store.Write("photos/b.png", large, _none);
        await store.Write("photos/a.png", Encoding.UTF8.GetBytes("old"), _none);
        await store.Write("photos/a.png", Encoding.UTF8.GetBytes("new"), _none);
        await store.Write("photos/a/käse 1.png", Array.Empty<byte>(), _none);
        await store.Write("jobs/1/job.json", new byte[2], _none);

        Assert.Equal(large, await store.Read("photos/b.png", Limit, _none));
        Assert.Equal("new", Encoding.UTF8.GetString((await store.Read("photos/a.png", Limit, _none))!));
        Assert.Empty((await store.Read("photos/a/käse 1.png", Limit, _none))!);
        Assert.Null(await store.Read("photos/c.png", Limit, _none));
        Assert.Contains("300,000 bytes, more than the 299,999 allowed", (await Assert.ThrowsAsync<InvalidDataException>(
            () => store.Read("photos/b.png", 299_999, _none))).Message);
        Assert.True(await store.Exists("photos/b.png", _none));
        Assert.False(await store.Exists("photos/b", _none));
        Assert.Equal(["photos/a.png", "photos/a/käse 1.png", "photos/b.png"], (await Keys(store, "photos/"))
            .Order(StringComparer.Ordinal));
        Assert.Empty(await Keys(store, "photo/"));
        Assert.Equal(4, (await Keys(store, "")).Length);

        List<string> folders = [];
        await foreach (string folder in store.Folders("jobs/", _none)) folders.Add(folder);
        Assert.Equal(["1"], folders);

        await store.Delete("photos/b.png", _none);
        await store.Delete("photos/b.png", _none);
        Assert.False(await store.Exists("photos/b.png", _none));
    }

    private async Task<string[]> Keys(IStore store, string prefix)
    {
        List<string> keys = [];
        await foreach (StoredFile file in store.List(prefix, _none)) keys.Add(file.Key);
        return [.. keys];
    }

    private FolderStore Folder() => FolderStore.Make(_folder.Path);

    private IStore Bucket(string prefix)
    {
        _server = new();
        return Store.Open($"s3://{S3Server.Bucket}/{prefix}", _server.Endpoint, make: true);
    }
}

/// <summary>A test with a server that speaks S3.</summary>
internal sealed class S3FactAttribute : FactAttribute
{
    public S3FactAttribute() => Skip = S3Server.Missing;
}
