using ClipSeg.Files;

namespace ClipSeg.Tests.Files;

public sealed class OutputFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Folder_appears_when_it_is_whole()
    {
        string path = _folder.At("above", "new");
        OutputFolder.Write(path + Path.DirectorySeparatorChar, inside =>
        {
            OutputFile.Write(Path.Combine(inside, "sub", "x"), "a");
            Assert.False(Directory.Exists(path));
        });
        Assert.Equal("a", File.ReadAllText(Path.Combine(path, "sub", "x")));
        Assert.Single(Directory.GetFileSystemEntries(_folder.At("above")));
    }

    [Fact]
    public void Folder_that_fails_half_way_is_not_there()
    {
        Assert.Throws<InvalidOperationException>(() => OutputFolder.Write(_folder.At("new"), inside =>
        {
            OutputFile.Write(Path.Combine(inside, "x"), "a");
            throw new InvalidOperationException();
        }));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Folder_that_exists_keeps_what_is_not_replaced()
    {
        _folder.Write("kept", [1]);
        _folder.Write("x", [1]);
        Directory.CreateDirectory(_folder.At("sub"));
        File.WriteAllText(_folder.At("sub", "kept"), "k");
        OutputFolder.Write(_folder.Path, inside =>
        {
            OutputFile.Write(Path.Combine(inside, "x"), "a");
            OutputFile.Write(Path.Combine(inside, "sub", "y"), "b");
            Assert.Equal([1], File.ReadAllBytes(_folder.At("x")));
        }, last: "x");

        Assert.Equal(3, Directory.GetFileSystemEntries(_folder.Path).Length);
        Assert.Equal([1], File.ReadAllBytes(_folder.At("kept")));
        Assert.Equal("a", File.ReadAllText(_folder.At("x")));
        Assert.Equal("b", File.ReadAllText(_folder.At("sub", "y")));
        Assert.Equal("k", File.ReadAllText(_folder.At("sub", "kept")));
    }

    [Fact]
    public void Folder_in_place_of_a_file_is_refused()
    {
        string path = _folder.Write("file", [1]);
        IOException e = Assert.Throws<IOException>(() => OutputFolder.Write(path, _ => { }));
        Assert.Equal($"'{path}' is a file, expected a folder.", e.Message);
    }

    [Fact]
    public void Folder_and_its_files_have_the_callers_names_in_errors()
    {
        string path = _folder.At("new"), name = new('x', 256);
        IOException e = Assert.Throws<IOException>(
            () => OutputFolder.Write(path, inside => OutputFile.Write(Path.Combine(inside, name), "a")));
        Assert.StartsWith($"'{Path.Combine(path, name)}' cannot be written: ", e.Message);
        Assert.DoesNotContain(".tmp", e.Message);

        path = Path.Combine(_folder.Write("file", [1]), "new");
        e = Assert.Throws<IOException>(() => OutputFolder.Write(path, _ => { }));
        Assert.StartsWith($"'{path}' cannot be written: ", e.Message);
        Assert.DoesNotContain(".tmp", e.Message);
    }
}
