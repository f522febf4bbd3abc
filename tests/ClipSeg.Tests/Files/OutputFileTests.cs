using System.Diagnostics;
using System.Runtime.Versioning;
using ClipSeg.Files;

namespace ClipSeg.Tests.Files;

public sealed class OutputFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Output_appears_when_it_is_whole()
    {
        string path = _folder.At("new", "folders", "x");
        OutputFile.Write(path, stream =>
        {
            stream.Write([1, 2]);
            Assert.False(File.Exists(path));
            stream.Write([3]);
        });
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Single(Directory.GetFileSystemEntries(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void Output_that_fails_half_way_leaves_what_was_there()
    {
        string path = _folder.Write("x", [7]);
        Assert.Throws<InvalidOperationException>(() => OutputFile.Write(path, stream =>
        {
            stream.Write(new byte[1 << 20]);
            throw new InvalidOperationException();
        }));
        Assert.Equal([7], File.ReadAllBytes(path));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData(255)]
    [InlineData(254)]
    public void Output_may_have_the_longest_name(int bytes)
    {
        string path = _folder.At(new string('x', bytes));
        OutputFile.Write(path, "a");
        OutputFile.Write(path, "b");
        Assert.Equal("b", File.ReadAllText(path));
    }

    [Fact]
    public void Output_with_too_long_a_name_is_refused_by_that_name()
    {
        string path = _folder.At(new string('x', 256));
        IOException e = Assert.Throws<IOException>(() => OutputFile.Write(path, "a"));
        Assert.StartsWith($"'{path}' cannot be written: ", e.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    public void Output_to_a_folder_is_refused(string end)
    {
        string path = Directory.CreateDirectory(_folder.At("folder")).FullName + end;
        IOException e = Assert.Throws<IOException>(() => OutputFile.Write(path, "a"));
        Assert.Equal($"'{path}' cannot be written: it is a folder, expected the name of a file.", e.Message);
    }

    [Fact]
    public void Output_below_a_file_is_refused_by_its_own_name()
    {
        string path = Path.Combine(_folder.Write("file", [1]), "x", "y");
        foreach (Action write in (Action[])[() => OutputFile.Write(path, "a"), () => OutputFile.Check(path)])
            Assert.StartsWith($"'{path}' cannot be written: ", Assert.Throws<IOException>(write).Message);
    }

    [Fact]
    public void Output_says_what_kept_it_from_being_written()
    {
        string path = _folder.At("x");
        IOException e = Assert.Throws<IOException>(
            () => OutputFile.Write(path, _ => throw new IOException("The source is gone.")));
        Assert.Equal($"'{path}' was not written: The source is gone.", e.Message);
    }

    [Fact]
    public void Check_leaves_no_trace_but_the_folder()
    {
        OutputFile.Check(_folder.At("new", "x"));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.At("new")));
        string path = _folder.Write("old", [1]);
        OutputFile.Check(path);
        Assert.Equal([1], File.ReadAllBytes(path));
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public void Output_keeps_the_rights_of_the_file_it_replaces()
    {
        string path = _folder.Write("x", [1]);
        const UnixFileMode rights = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.SetUnixFileMode(path, rights);
        OutputFile.Write(path, "a");
        Assert.Equal(rights, File.GetUnixFileMode(path));
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public void Output_into_a_read_only_folder_is_refused_without_naming_temporary_files()
    {
        string folder = Directory.CreateDirectory(_folder.At("sealed")).FullName, path = Path.Combine(folder, "x");
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            IOException? e = (IOException?)Record.Exception(() => OutputFile.Write(path, "a"));
            if (Environment.IsPrivilegedProcess) return;        // whom nothing stops
            Assert.StartsWith($"'{path}' cannot be written: it or its folder is read-only", e!.Message);
        }
        finally
        {
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [UnixFact]
    public void Output_through_links_replaces_what_they_lead_to()
    {
        string path = _folder.Write("x", [1]);
        File.CreateSymbolicLink(_folder.At("second"), "x");
        File.CreateSymbolicLink(_folder.At("first"), "second");
        OutputFile.Write(_folder.At("first"), "a");

        Assert.Equal("a", File.ReadAllText(path));
        Assert.Null(new FileInfo(path).LinkTarget);
        Assert.Equal("x", new FileInfo(_folder.At("second")).LinkTarget);
        Assert.Equal("second", new FileInfo(_folder.At("first")).LinkTarget);
    }

    [UnixFact]
    public void Output_through_a_link_to_nothing_makes_it_lead_somewhere()
    {
        File.CreateSymbolicLink(_folder.At("link"), Path.Combine("new", "x"));
        OutputFile.Write(_folder.At("link"), "a");
        Assert.Equal("a", File.ReadAllText(_folder.At("new", "x")));
    }

    [UnixFact]
    public void Output_through_a_circle_of_links_is_refused()
    {
        File.CreateSymbolicLink(_folder.At("a"), "b");
        File.CreateSymbolicLink(_folder.At("b"), "a");
        IOException e = Assert.Throws<IOException>(() => OutputFile.Write(_folder.At("a"), "a"));
        Assert.Equal($"'{_folder.At("a")}' cannot be written: its symbolic link leads in a circle.", e.Message);
    }

    [UnixFact]
    public async Task Output_goes_into_a_pipe()
    {
        string pipe = _folder.At("pipe");
        using (Process make = Process.Start("mkfifo", [pipe])) await make.WaitForExitAsync();
        Task<byte[]> read = Task.Run(() => File.ReadAllBytes(pipe));
        byte[] content = [.. Enumerable.Range(0, 200_000).Select(i => (byte)i)];
        await Task.Run(() => OutputFile.Write(pipe, content)).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(content, await read.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [UnixFact]
    public void Output_into_a_device_leaves_it_a_device()
    {
        OutputFile.Write("/dev/null", "a");
        OutputFile.Check("/dev/null");
        using FileStream device = File.OpenRead("/dev/null");
        Assert.Equal(-1, device.ReadByte());

        File.CreateSymbolicLink(_folder.At("link"), "/dev/null");
        OutputFile.Write(_folder.At("link"), "a");
        Assert.Equal("/dev/null", new FileInfo(_folder.At("link")).LinkTarget);
    }

    [UnixFact]
    public void Output_for_which_there_is_no_room_leaves_what_was_there()
    {
        if (!File.Exists("/dev/full")) return;      // Linux alone has a disk that is always full
        IOException e = Assert.Throws<IOException>(() => OutputFile.Write("/dev/full", new byte[1 << 20]));
        Assert.StartsWith("'/dev/full' was not written: ", e.Message);
        Assert.DoesNotContain("/dev/full", e.Message["'/dev/full'".Length..]);
    }
}
