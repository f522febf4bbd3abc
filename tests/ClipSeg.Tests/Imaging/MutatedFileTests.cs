using System.Buffers.Binary;
using System.IO.Compression;
using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

/// <summary>Broken in thousands of ways, a file is either read or refused with the one documented exception.</summary>
public sealed class MutatedFileTests
{
    [Fact]
    public void Png_mutated_is_read_or_refused()
    {
        string[] files = ["rgba.png", "palette4.png", "bilevel.png", "interlaced.png", "gray16.png"];
        byte[][] seeds = [.. files.Select(Fixture), new Mask(9, 9).EncodePng(bits16: true)];
        Random random = new(42);
        int read = 0;
        for (int i = 0; i < 3000; i++)
        {
            byte[] seed = seeds[i % seeds.Length];
            byte[] file = i % 4 == 0 ? Recompressed(random, seed) : Mutated(random, seed);
            if (i % 2 == 0) RepairChecksums(file);
            if (IsRead(file, i)) read++;
        }
        AssertBothHappened(read, 3000);
    }

    [Fact]
    public void Jpeg_mutated_is_read_or_refused()
    {
        string[] files = ["odd-17x9.jpg", "restart.jpg", "progressive-420.jpg", "cmyk.jpg", "exif-5.jpg"];
        Mutate(3000, [.. files.Select(Fixture)]);
    }

    [Theory]
    [InlineData("anim.gif")]
    [InlineData("palette.bmp")]
    [InlineData("lossy.webp")]
    [InlineData("lossless.webp")]
    public void Other_kind_mutated_is_read_or_refused(string file) => Mutate(1000, [Fixture(file)]);

    private static void Mutate(int count, byte[][] seeds)
    {
        Random random = new(42);
        int read = 0;
        for (int i = 0; i < count; i++)
        {
            if (IsRead(Mutated(random, seeds[i % seeds.Length]), i)) read++;
        }
        AssertBothHappened(read, count);
    }

    private static void AssertBothHappened(int read, int count) => Assert.InRange(read, count / 20, count * 19 / 20);

    private static byte[] Fixture(string name) => File.ReadAllBytes(Fixtures.At("images", name));

    private static bool IsRead(byte[] file, int number)
    {
        long start = Environment.TickCount64;
        bool read = false;
        try
        {
            Image image = Image.Decode(file);
            Assert.Equal(image.Width * image.Height * 3, image.Pixels.Length);
            Mask mask = Mask.Decode(file);
            Assert.Equal(image.Width * image.Height, mask.Values.Length);
            read = true;
        }
        catch (ImageFormatException e)
        {
            Assert.StartsWith("picture: ", e.Message);
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"Mutation {number}: {e}");
        }
        Assert.InRange(Environment.TickCount64 - start, 0, 5000);
        return read;
    }

    /// <summary>
    /// One to four edits: a bit, a byte, an extreme, a random number; bytes put in, taken out, cut off.
    /// </summary>
    private static byte[] Mutated(Random random, byte[] seed)
    {
        List<byte> file = [.. seed];
        for (int edits = random.Next(1, 5); edits > 0 && file.Count > 4; edits--)
        {
            // Half of the edits hit the headers, where they do most.
            int at = random.Next(random.Next(2) == 0 ? Math.Min(file.Count, 200) : file.Count);
            switch (random.Next(7))
            {
                case 0 or 1: file[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: file[at] = (byte)random.Next(256); break;
                case 3: file[at] = (byte)(random.Next(2) * 255); break;
                case 4: file.Insert(at, (byte)random.Next(256)); break;
                case 5: file.RemoveRange(at, Math.Min(random.Next(1, 20), file.Count - at)); break;
                default:
                    if (random.Next(3) == 0) file.RemoveRange(at, file.Count - at);
                    else for (int i = at; i < Math.Min(at + 4, file.Count); i++) file[i] = (byte)random.Next(256);
                    break;
            }
        }
        return [.. file];
    }

    /// <summary>The rows, mutated and compressed again, so that the mutations get past the compression.</summary>
    private static byte[] Recompressed(Random random, byte[] seed)
    {
        const int header = 33;
        List<byte> before = [.. seed[..header]], after = [];
        using MemoryStream compressed = new();
        for (int at = header; at < seed.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(seed.AsSpan(at));
            if (seed.AsSpan(at + 4, 4).SequenceEqual("IDAT"u8)) compressed.Write(seed, at + 8, length);
            else (compressed.Length == 0 ? before : after).AddRange(seed[at..(at + 12 + length)]);
            at += 12 + length;
        }
        compressed.Position = 0;
        using MemoryStream rows = new();
        using (ZLibStream inflate = new(compressed, CompressionMode.Decompress)) inflate.CopyTo(rows);

        using MemoryStream again = new();
        using (ZLibStream deflate = new(again, CompressionLevel.Fastest, leaveOpen: true))
            deflate.Write(Mutated(random, rows.ToArray()));
        byte[] chunk = [0, 0, 0, 0, .. "IDAT"u8, .. again.ToArray(), 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(chunk, chunk.Length - 12);
        byte[] file = [.. before, .. chunk, .. after];
        if (random.Next(2) == 0) file[random.Next(16, 29)] ^= (byte)(1 << random.Next(8));
        return file;
    }

    private static void RepairChecksums(byte[] file)
    {
        for (long at = 8; at + 12 <= file.Length;)
        {
            long length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan((int)at));
            if (length > file.Length - at - 12) return;
            uint checksum = Crc32.Compute(file.AsSpan((int)at + 4, (int)length + 4));
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan((int)(at + 8 + length)), checksum);
            at += length + 12;
        }
    }
}
