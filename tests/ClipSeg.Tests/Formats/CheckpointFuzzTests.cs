using System.Diagnostics;
using System.IO.Compression;
using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;

namespace ClipSeg.Tests.Formats;

/// <summary>Thousands of damaged files: each opens or gives a CheckpointException, in little time and memory.</summary>
public sealed class CheckpointFuzzTests : IDisposable
{
    private const int Mutations = 3000;
    private const long MaxBytesEach = 64 << 20;

    private static readonly TimeSpan _maxTime = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Damaged_safetensors_only_ever_give_a_checkpoint_exception()
    {
        IEnumerable<StoredTensor> tensors = Enumerable.Range(0, 8)
            .Select(i => StoredTensor.Of($"blocks.{i}.linear1.weight", new(new float[6], 2, 3)));
        SafeTensorsWriter.Write(_folder.At("source"), tensors, new Dictionary<string, string> { ["format"] = "pt" });
        Fuzz(File.ReadAllBytes(_folder.At("source")), focus: 900);
    }

    [Fact]
    public void Damaged_archives_only_ever_give_a_checkpoint_exception()
    {
        byte[] pickle = PickleOf("rd64-uni-fp16.pth");
        TorchZip.Write(_folder.At("source"), pickle[..^1], new byte[64]);
        byte[] bytes = File.ReadAllBytes(_folder.At("source"));
        Fuzz(bytes, focus: bytes.Length);
    }

    [Fact]
    public void Damaged_pickles_in_archives_only_ever_give_a_checkpoint_exception()
    {
        byte[] pickle = PickleOf("rd64-uni-fp16.pth");
        Fuzz(pickle, focus: pickle.Length, bytes => TorchZip.Write(_folder.At("fuzzed"), bytes, new byte[1 << 12]));
    }

    [Fact]
    public void Damaged_module_graphs_only_ever_give_a_checkpoint_exception()
    {
        byte[] pickle = PickleOf("clip-mini.pt");
        Fuzz(pickle, focus: pickle.Length, bytes => TorchZip.Write(_folder.At("fuzzed"), bytes, new byte[1 << 12]));
    }

    [Fact]
    public void Damaged_legacy_files_only_ever_give_a_checkpoint_exception()
        => Fuzz(File.ReadAllBytes(Fixtures.At("official", "legacy.pth")), focus: 9000);

    [Fact]
    public void Random_operations_only_ever_give_a_checkpoint_exception()
    {
        byte[] operations = Array.ConvertAll(Enum.GetValues<PickleOp>(), op => (byte)op);
        Random random = new(42);
        Fuzz([0x80, 2], focus: 2, _ =>
        {
            byte[] pickle = random.GetItems(operations, random.Next(1, 300));
            TorchZip.Write(_folder.At("fuzzed"), [0x80, 2, .. pickle], []);
        });
    }

    /// <summary>Opens and reads copies of a file whose first <paramref name="focus"/> bytes are changed.</summary>
    private void Fuzz(byte[] source, int focus, Action<byte[]>? write = null)
    {
        Random random = new(42);
        Stopwatch clock = Stopwatch.StartNew();
        int refused = 0;
        for (int i = 0; i < Mutations; i++)
        {
            byte[] bytes = Mutate(source, focus, random);
            if (write is null) _folder.Write("fuzzed", bytes);
            else write(bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using TensorFile file = TensorFile.Open(_folder.At("fuzzed"));
                foreach (StoredTensor tensor in KeyMap.ToHuggingFace(file.Tensors, "fuzzed").Values)
                    tensor.ToTensor();
            }
            catch (CheckpointException e)
            {
                refused++;
                Assert.True(e.Message.Length < 1000 && !e.Message.Contains('\n'), e.Message);
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < MaxBytesEach, $"mutation {i} allocated {allocated} bytes");
        }
        Assert.True(refused > Mutations / 10, $"only {refused} of {Mutations} were refused");
        Assert.True(clock.Elapsed < _maxTime, $"took {clock.Elapsed}");
    }

    private static byte[] Mutate(byte[] source, int focus, Random random)
    {
        List<byte> bytes = [.. source];
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(Math.Min(focus, bytes.Count));
            switch (random.Next(6))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes.Insert(at, (byte)random.Next(256)); break;
                case 3: bytes.RemoveAt(at); break;
                case 4: bytes[at] = (byte)"0123456789[]{}:,\"-e."[random.Next(20)]; break;
                default: bytes.RemoveRange(at, random.Next(Math.Min(64, bytes.Count - at))); break;
            }
            if (bytes.Count == 0) bytes.Add(0);
        }
        return [.. bytes];
    }

    private static byte[] PickleOf(string archive)
    {
        using ZipArchive zip = ZipFile.OpenRead(Fixtures.At("official", archive));
        using Stream stream = zip.Entries.Single(e => e.Name == "data.pkl").Open();
        using MemoryStream copy = new();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
