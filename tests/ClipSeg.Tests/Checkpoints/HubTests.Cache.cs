using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Tests.Scenes;

namespace ClipSeg.Tests.Checkpoints;

// Revisions, repairs, several at once, models in parts, licences, lists.
public sealed partial class HubTests
{
    [Theory]
    [InlineData(Name, "v1")]
    [InlineData(Name + "@v1", null)]
    public async Task Revision_is_named_beside_the_model_or_behind_it(string name, string? revision)
    {
        string snapshot = await new Hub(Settings).Pull(name, revision).WaitAsync(_patience);
        Assert.Equal($"/{Name}/resolve/v1/config.json", _hub.Requests.First().Path);
        Assert.Equal(snapshot, new Hub(Settings).Find(Name + "@v1"));
        Assert.Equal(snapshot, new Hub(Settings).Find(Name, "v1"));
        Assert.Null(new Hub(Settings).Find(Name));

        CheckpointException e = Assert.Throws<CheckpointException>(
            () => ModelFiles.Locate(Name, () => new Hub(Settings)));
        Assert.EndsWith($"There is '{Name}@v1'.", e.Message);
        Assert.Equal(snapshot, ModelFiles.Locate(Name, () => new Hub(Settings), "v1"));
    }

    [Theory]
    [InlineData("a@")]
    [InlineData("@v1")]
    [InlineData("a/b@../v1")]
    [InlineData("a/b@v1@v2")]
    public async Task Names_with_a_revision_that_is_none_are_refused(string name)
        => await Assert.ThrowsAsync<ArgumentException>(() => new Hub(Settings).Pull(name));

    [Fact]
    public void Folder_is_found_without_asking_for_a_hub()
        => Assert.Equal(_folder.Path, ModelFiles.Locate(_folder.Path, () => throw new InvalidOperationException()));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pull_fetches_again_what_is_too_short(bool links)
    {
        string path = Path.Combine(await Pull(Settings with { Symlinks = links }), Weights);
        using (FileStream file = new(path, FileMode.Open)) file.SetLength(1000);
        _hub.Requests.Clear();
        await Pull(Settings with { Symlinks = links });
        Assert.Equal(_files[Weights], File.ReadAllBytes(path));
        Assert.All(_hub.Requests.Where(r => r.Method == "GET"), r => Assert.EndsWith(Weights, r.Path));
    }

    [Theory]
    [InlineData(Weights)]
    [InlineData("merges.txt")]
    public async Task Pull_fetches_again_what_differs_if_it_is_to_verify(string name)
    {
        string path = Path.Combine(await Pull(), name);
        byte[] damaged = [.. _files[name]];
        damaged[5] ^= 1;
        File.WriteAllBytes(path, damaged);
        await Pull();
        Assert.Equal(damaged, File.ReadAllBytes(path));
        await new Hub(Settings).Pull(Name, verify: true).WaitAsync(_patience);
        Assert.Equal(_files[name], File.ReadAllBytes(path));
    }

    [UnixFact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task Complete_cache_need_not_be_writable()
    {
        string snapshot = await Pull();
        Dictionary<string, DateTime> before = Times();
        const UnixFileMode Sealed = UnixFileMode.UserRead | UnixFileMode.UserExecute;
        foreach (string folder in Folders()) File.SetUnixFileMode(folder, Sealed);
        try
        {
            Assert.Equal(snapshot, await Pull());
            Assert.Equal(before, Times());      // root may write, and does not
        }
        finally
        {
            foreach (string folder in Folders()) File.SetUnixFileMode(folder, Sealed | UnixFileMode.UserWrite);
        }

        string[] Folders()
            => [_folder.Path, .. Directory.GetDirectories(_folder.Path, "*", SearchOption.AllDirectories)];
        Dictionary<string, DateTime> Times() => Folders().ToDictionary(path => path, Directory.GetLastWriteTimeUtc);
    }

    [Fact]
    public async Task Two_who_pull_at_once_download_once()
    {
        _cdnFirst = r => Serve(r, _files[Weights]) with { Silence = TimeSpan.FromSeconds(0.5) };
        string[] snapshots = await Task.WhenAll(Pull(), Pull(), Pull());
        Assert.Single(snapshots.Distinct());
        Assert.Single(_cdn.Requests);
        Assert.Equal(_files[Weights], File.ReadAllBytes(Path.Combine(snapshots[0], Weights)));
    }

    [Theory]
    [InlineData("model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")]
    [InlineData("pytorch_model.bin.index.json", "pytorch_model-1.bin", "pytorch_model-2.bin")]
    public async Task Pull_fetches_models_in_parts(string index, string first, string second)
    {
        _files[first] = _files[Weights];
        _files[second] = [.. _files[Weights].Reverse()];
        _files[index] = Encoding.UTF8.GetBytes(
            $$$"""{"metadata":{},"weight_map":{"a":"{{{first}}}","b":"{{{second}}}","c":"{{{first}}}"}}""");
        _files.Remove(Weights);
        string snapshot = await Pull();
        Assert.Equal(_files[second], File.ReadAllBytes(Path.Combine(snapshot, second)));
        Assert.Equal(snapshot, new Hub(Settings).Find(Name));

        File.Delete(Path.Combine(snapshot, first));
        Assert.Null(new Hub(Settings).Find(Name));
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"../../x"}}""", "names '../../x'")]
    [InlineData("""{"weight_map":[]}""", "has no 'weight_map'")]
    [InlineData("""{"weight_map":{"a":"missing.safetensors"}}""", "missing.safetensors is not there")]
    public async Task Index_that_lies_is_refused(string index, string expected)
    {
        _files.Remove(Weights);
        _files["model.safetensors.index.json"] = Encoding.UTF8.GetBytes(index);
        await AssertFails(Settings, expected);
    }

    [Fact]
    public async Task Pull_takes_a_folder_as_transformers_5_saves_it()
    {
        foreach (string name in (string[])["vocab.json", "merges.txt", "preprocessor_config.json"]) _files.Remove(name);
        _files["tokenizer.json"] = "{}"u8.ToArray();
        await AssertHas("tokenizer.json");
        _files.Remove("tokenizer.json");
        await AssertFails(Settings with { CacheFolder = _folder.At("other") }, "vocab.json is not there");

        async Task AssertHas(string name) => Assert.True(File.Exists(Path.Combine(await Pull(), name)));
    }

    [Fact]
    public async Task Pull_waits_until_the_date_that_the_server_gives()
    {
        int answers = 0;
        DateTimeOffset until = DateTimeOffset.UtcNow.AddSeconds(2);
        _cdnFirst = _ => answers++ == 0 ? new(503, [], ("Retry-After", until.ToString("R"))) : null;
        await Pull();
        Assert.True(DateTimeOffset.UtcNow >= until.AddSeconds(-1));
    }

    [Fact]
    public async Task Certificates_of_the_network_are_trusted_when_they_are_named()
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        _files[Weights] = [1, 2, 3];        // few enough to come from the hub itself
        using HttpStub hub = new(Answer, certificate);
        HubSettings settings = Settings with { Endpoint = hub.Address, Retries = 0 };

        string message = await AssertFails(settings, "SSL_CERT_FILE or REQUESTS_CA_BUNDLE");
        Assert.Contains("remote certificate is invalid", message);
        Assert.DoesNotContain("inner exception", message);
        await AssertFails(settings with { CertificateFile = _folder.At("none.pem") }, "none.pem' cannot be read");
        await AssertFails(
            settings with { CertificateFile = _folder.Write("empty.pem", ""u8) }, "holds no certificates");

        string file = _folder.Write("own.pem", Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()));
        await Pull(settings with { CertificateFile = file });
    }

    [Fact]
    public async Task Offer_says_size_and_licence_before_anything_large_arrives()
    {
        _files["README.md"] = "---\nlicense: mit\n---\n"u8.ToArray();
        HubOffer offer = await new Hub(Settings).Offer(Name).WaitAsync(_patience);
        Assert.Equal((Name, "mit"), (offer.Name, offer.Licence));
        Assert.Equal(_files.Values.Sum(content => (long)content.Length), offer.Bytes);
        Assert.Empty(_cdn.Requests);
        string snapshot = await Pull();
        Assert.True(File.Exists(Path.Combine(snapshot, "README.md")));
        Assert.Equal(0, (await new Hub(Settings).Offer(Name)).Bytes);
    }

    [Fact]
    public async Task Models_are_listed_and_removed_and_others_are_left_alone()
    {
        await Pull();
        await new Hub(Settings).Pull(Name, "v1").WaitAsync(_patience);
        string other = _folder.At("models--org--bert", "snapshots", Commit);
        Directory.CreateDirectory(other);
        File.WriteAllText(Path.Combine(other, "config.json"), """{"model_type":"bert"}""");
        File.WriteAllText(Path.Combine(other, Weights), "x");
        Directory.CreateDirectory(_folder.At("models--org--bert", "refs"));
        File.WriteAllText(_folder.At("models--org--bert", "refs", "main"), Commit);

        Hub hub = new(Settings);
        Assert.Equal([Name, Name + "@v1"], hub.List().Select(model => model.Name));
        Assert.Equal(_files.Values.Sum(content => (long)content.Length), hub.List()[0].Bytes);
        Assert.Throws<CheckpointException>(() => hub.Remove("org/bert"));
        Assert.Throws<CheckpointException>(() => hub.Remove("org/none"));

        hub.Remove(Name + "@v1");
        Assert.Equal([Name], hub.List().Select(model => model.Name));
        Assert.NotNull(hub.Find(Name));
        hub.Remove(Name);
        Assert.Empty(hub.List());
        Assert.False(Directory.Exists(_folder.At("models--org--tiny-clipseg")));
        Assert.True(Directory.Exists(other));
    }
}
