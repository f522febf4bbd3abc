using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Tests.Scenes;

namespace ClipSeg.Tests.Checkpoints;

public sealed class HubSettingsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Settings_have_the_defaults_of_the_hub()
    {
        HubSettings settings = Read(("XDG_CACHE_HOME", "/c"));
        Assert.Equal("https://huggingface.co", settings.Endpoint);
        Assert.Equal(Path.Combine("/c", "huggingface", "hub"), settings.CacheFolder);
        Assert.Null(settings.Token);
        Assert.False(settings.Offline);
        Assert.True(settings.Symlinks);
        Assert.Equal(TimeSpan.FromSeconds(10), settings.AskTimeout);
    }

    [Theory]
    [InlineData("HF_HOME=/home;XDG_CACHE_HOME=/c", "/home/hub")]
    [InlineData("HF_HOME=/home;HUGGINGFACE_HUB_CACHE=/old", "/old")]
    [InlineData("HF_HUB_CACHE=/new;HUGGINGFACE_HUB_CACHE=/old", "/new")]
    public void Cache_is_where_the_first_of_the_variables_says(string variables, string expected)
        => Assert.Equal(Path.GetFullPath(expected), Path.GetFullPath(
            Read([.. variables.Split(';').Select(v => (v.Split('=')[0], v.Split('=')[1]))]).CacheFolder));

    [Theory]
    [InlineData("HF_HOME=~/hf;HOME=/me", "/me/hf/hub")]
    [InlineData("HF_HUB_CACHE=~;HOME=/me", "/me")]
    [InlineData("HF_HUB_CACHE=$DISK/hub;DISK=/disk", "/disk/hub")]
    [InlineData("HF_HUB_CACHE=${DISK}s/$NONE/hub;DISK=/disk", "/disks/$NONE/hub")]
    [InlineData("HF_HUB_CACHE=/a~/b", "/a~/b")]
    [InlineData("XDG_CACHE_HOME=$HOME/c;HOME=/me", "/me/c/huggingface/hub")]
    [InlineData("XDG_CACHE_HOME=;HOME=/no/such/home", "/no/such/home/.cache/huggingface/hub")]
    public void Home_and_variables_in_paths_are_filled_in(string variables, string expected)
        => Assert.Equal(expected,
            Read([.. variables.Split(';').Select(v => (v.Split('=')[0], v.Split('=')[1]))]).CacheFolder);

    [Fact]
    public void Certificates_come_from_the_first_variable_that_names_some()
    {
        Assert.Null(Read().CertificateFile);
        Assert.Equal("/b.pem", Read(("REQUESTS_CA_BUNDLE", "/b.pem"), ("CURL_CA_BUNDLE", "/c.pem")).CertificateFile);
        Assert.Equal("/a.pem", Read(("SSL_CERT_FILE", "/a.pem"), ("REQUESTS_CA_BUNDLE", "/b.pem")).CertificateFile);
    }

    [Fact]
    public void Token_comes_from_the_variable_or_from_its_file_unless_that_is_forbidden()
    {
        string home = _folder.Path;
        _folder.Write("token", "from-home\n"u8);
        string other = _folder.Write("other", "from-path"u8);

        Assert.Equal("from-home", Read(("HF_HOME", home)).Token);
        Assert.Equal("from-path", Read(("HF_HOME", home), ("HF_TOKEN_PATH", other)).Token);
        Assert.Equal("given", Read(("HF_HOME", home), ("HF_TOKEN", " given ")).Token);
        Assert.Null(Read(("HF_HOME", home), ("HF_TOKEN", "given"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")).Token);
        Assert.DoesNotContain("given", Read(("HF_TOKEN", "given")).ToString());
    }

    [Fact]
    public async Task Token_that_would_break_the_header_is_refused()
    {
        HubSettings settings = Read(("HF_TOKEN", "a\nX-Other: b"), ("HF_HOME", _folder.Path)) with { Retries = 0 };
        CheckpointException e = await Assert.ThrowsAsync<CheckpointException>(() => new Hub(settings).Pull("a/b"));
        Assert.Contains("check HF_TOKEN", e.Message);
        Assert.DoesNotContain("X-Other", e.Message);
    }

    [Theory]
    [InlineData("HF_HUB_OFFLINE", "1", true)]
    [InlineData("HF_HUB_OFFLINE", "yes", true)]
    [InlineData("TRANSFORMERS_OFFLINE", "True", true)]
    [InlineData("HF_HUB_OFFLINE", "0", false)]
    [InlineData("HF_HUB_OFFLINE", "", false)]
    public void Offline_is_a_switch(string name, string value, bool expected)
        => Assert.Equal(expected, Read((name, value)).Offline);

    [Fact]
    public void Other_switches_are_read()
    {
        HubSettings settings = Read(("HF_ENDPOINT", "https://mirror.example/"), ("HF_HUB_DISABLE_SYMLINKS", "on"),
            ("HF_HUB_ETAG_TIMEOUT", "2.5"), ("HF_HUB_DOWNLOAD_TIMEOUT", "nonsense"));
        Assert.Equal("https://mirror.example", settings.Endpoint);
        Assert.False(settings.Symlinks);
        Assert.Equal(TimeSpan.FromSeconds(2.5), settings.AskTimeout);
        Assert.Equal(TimeSpan.FromSeconds(10), settings.ReadTimeout);
    }

    /// <summary>Settings from these variables only; a home that is given in none of them has no token.</summary>
    private HubSettings Read(params (string Name, string Value)[] variables)
    {
        Dictionary<string, string> all = variables.ToDictionary(v => v.Name, v => v.Value);
        all.TryAdd("XDG_CACHE_HOME", _folder.At("cache"));
        return HubSettings.FromEnvironment(name => all.GetValueOrDefault(name));
    }
}
