using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

public sealed class PictureFileTests
{
    [Theory]
    [InlineData("\0\0\0\x1C" + "ftypavif\0\0\0\0mif1miaf", "AVIF")]
    [InlineData("\0\0\0\x1C" + "ftypmif1\0\0\0\0mif1avif", "AVIF")]
    [InlineData("\0\0\0\x1C" + "ftypmif1\0\0\0\0mif1heic", "HEIC")]
    [InlineData("\0\0\0\x18" + "ftypheic\0\0\0\0mif1", "HEIC")]
    [InlineData("\0\0\0\x18" + "ftypisom\0\0\0\0mp42", "MP4 (video)")]
    [InlineData("II*\0", "TIFF")]
    [InlineData("MM\0*", "TIFF")]
    [InlineData("II+\0", "BigTIFF")]
    [InlineData("MM\0+", "BigTIFF")]
    [InlineData("8BPS\0\x01", "PSD (Photoshop)")]
    [InlineData("P6\n3 2\n255\n", "PPM (Netpbm)")]
    [InlineData("\0\0\0\x0CJXL \r\n", "JPEG XL")]
    [InlineData("ÿ\n", "JPEG XL")]
    [InlineData("\0\0\0\x0CjP  \r\n", "JPEG 2000")]
    [InlineData("ÿOÿQ", "JPEG 2000")]
    [InlineData("<?xml version='1.0'?><!-- --><svg xmlns=", "SVG")]
    [InlineData("%PDF-1.7", "PDF")]
    public void Picture_of_a_kind_that_is_not_read_is_named_with_what_to_do(string start, string kind)
    {
        ImageFormatException e = Assert.Throws<ImageFormatException>(
            () => Image.Decode(Encoding.Latin1.GetBytes(start + new string(' ', 20)), "x"));
        Assert.Equal($"x: {kind} is not supported; convert the picture to PNG or JPEG.", e.Message);
    }

    [Theory]
    [InlineData("", "x: the file is empty.")]
    [InlineData("hello", "x: not a picture in a supported format (PNG, JPEG, WebP, GIF, BMP or ICO).")]
    [InlineData("\0\0\0\x10" + "ftyp", "x: MP4 (video) is not supported; convert the picture to PNG or JPEG.")]
    public void File_that_is_no_picture_is_refused(string content, string message)
    {
        byte[] file = Encoding.Latin1.GetBytes(content);
        Assert.Equal(message, Assert.Throws<ImageFormatException>(() => Image.Decode(file, "x")).Message);
    }

    [Fact]
    public void Large_progressive_picture_is_refused_before_it_is_decoded()
    {
        byte[] file = Fixture("progressive.jpg");
        int frame = file.AsSpan().IndexOf([(byte)0xFF, (byte)0xC2]);
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 5), 11_585);
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 7), 11_585);
        Assert.Contains("11585x11585 in several scans (progressive) needs ", Refusal(file).Message);
    }

    [Fact]
    public void Progressive_picture_with_its_first_scans_alone_is_shown()
    {
        byte[] file = Fixture("progressive.jpg");
        int[] scans = [.. Enumerable.Range(0, file.Length - 1).Where(i => file[i] == 0xFF && file[i + 1] == 0xDA)];
        Image whole = Image.Decode(file);

        Image coarse = Image.Decode([.. file[..scans[4]], 0xFF, 0xD9]);

        Assert.InRange(MeanDifference(whole, coarse), 0.5, 30);
    }

    [Theory]
    [InlineData("progressive-420.jpg", 2)]
    [InlineData("restart.jpg", 2)]
    [InlineData("rgb.png", 40)]
    [InlineData("lossless.webp", 2)]
    [InlineData("rgb.bmp", 1)]
    public void Picture_that_is_cut_off_is_refused(string name, int spare)
    {
        byte[] file = Fixture(name);
        for (int length = 0; length < file.Length - spare; length += 7)
            Assert.Throws<ImageFormatException>(() => Image.Decode(file.AsSpan(0, length)));
    }

    [Fact]
    public void Png_whose_pixels_cannot_be_in_so_short_a_file_is_refused()
    {
        byte[] file = new Image(1, 1).EncodePng();
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), 10_000);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), 10_000);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(29), Crc32.Compute(file.AsSpan(12, 17)));
        Assert.EndsWith("too short for 10000x10000 pixels.", Refusal(file).Message);
    }

    [Fact]
    public void Icon_gives_its_largest_picture()
    {
        Image small = RandomPictures.Image(new(42), 16, 16), large = RandomPictures.Image(new(43), 48, 32);
        Image read = Image.Decode(Icon(small, large));
        Assert.Equal((48, 32), (read.Width, read.Height));
        Assert.Equal(large.Pixels, read.Pixels);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Orientation_is_read_from_png_and_webp_as_from_jpeg(int orientation)
    {
        Image stored = RandomPictures.Image(new(42), 5, 3);
        Image expected = Orientation.Apply(stored, orientation);

        Assert.Equal(expected.Pixels, Image.Decode(PngWithExif(stored, orientation)).Pixels);
        foreach (string prefix in (string[])["", "Exif\0\0"])
            Assert.Equal(expected.Pixels, Image.Decode(WebPWithExif(stored, orientation, prefix)).Pixels);
        Assert.Equal(
            stored.Pixels, Image.Decode(PngWithExif(stored, orientation), applyOrientation: false).Pixels);
    }

    [Fact]
    public void Stream_that_cannot_seek_is_read_to_its_end_and_stays_open()
    {
        byte[] file = Fixture("rgb.png");
        using MemoryStream whole = new([1, 2, 3, .. file]);
        whole.Position = 3;
        Assert.Equal(Image.Decode(file).Pixels, Image.Load(whole).Pixels);
        Assert.Equal(whole.Length, whole.Position);

        using GZipStream pipe = new(Compressed(file), CompressionMode.Decompress);
        Assert.Equal(Image.Decode(file).Pixels, Image.Load(pipe).Pixels);
        Assert.StartsWith("upload: ", Assert.Throws<ImageFormatException>(() => Image.Load(pipe, "upload")).Message);
    }

    [Theory]
    [InlineData("a.jpg", 40)]
    [InlineData("a.JPEG", 40)]
    [InlineData("a.webp", 60)]
    public void Save_by_extension_is_close_and_its_quality_decides_the_size(string name, int low)
    {
        using TemporaryFolder folder = new();
        Image picture = Image.Decode(Fixture("rgb.png"));

        picture.Save(folder.At(name));
        Assert.InRange(MeanDifference(picture, Image.Load(folder.At(name))), 0.01, 5);
        long size = new FileInfo(folder.At(name)).Length;
        picture.Save(folder.At(name), low);
        Assert.InRange(new FileInfo(folder.At(name)).Length, 1, size - 1);
    }

    [Fact]
    public void Save_of_webp_at_full_quality_loses_nothing()
    {
        using TemporaryFolder folder = new();
        Image picture = RandomPictures.Image(new(42), 33, 21, alpha: true);
        picture.Save(folder.At("a.webp"), 100);
        Image read = Image.Load(folder.At("a.webp"));
        Assert.Equal(picture.Alpha, read.Alpha);
        for (int i = 0; i < picture.Pixels.Length; i++)
            if (picture.Alpha![i / 3] > 0) Assert.Equal(picture.Pixels[i], read.Pixels[i]);
    }

    [Fact]
    public void Save_refuses_what_a_format_cannot_hold()
    {
        Image transparent = new(1, 1, [1, 2, 3], [4]);
        Assert.Contains("JPEG has no transparency",
            Assert.Throws<ArgumentException>(() => transparent.Save("x.jpg")).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Image(1, 1).Save("x.jpg", 101));
        Assert.Contains("end in .png, .jpg or .webp, got 'x.gif'",
            Assert.Throws<ArgumentException>(() => new Image(1, 1).Save("x.gif")).Message);
        Assert.Contains("Only a PNG has 16 bits",
            Assert.Throws<ArgumentException>(() => new Mask(1, 1).Save("x.jpg", bits16: true)).Message);
    }

    private static ImageFormatException Refusal(byte[] file)
        => Assert.Throws<ImageFormatException>(() => Image.Decode(file));

    private static byte[] Fixture(string name) => File.ReadAllBytes(Fixtures.At("images", name));

    private static double MeanDifference(Image a, Image b)
        => a.Pixels.Zip(b.Pixels, (x, y) => (double)Math.Abs(x - y)).Average();

    private static MemoryStream Compressed(byte[] data)
    {
        MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest, true))
            gzip.Write(data);
        packed.Position = 0;
        return packed;
    }

    /// <summary>Pictures as PNGs in an icon's directory.</summary>
    private static byte[] Icon(params Image[] pictures)
    {
        byte[][] files = [.. pictures.Select(p => p.EncodePng())];
        List<byte> icon = [0, 0, 1, 0, (byte)files.Length, 0];
        int at = 6 + 16 * files.Length;
        for (int i = 0; i < files.Length; i++)
        {
            icon.AddRange([(byte)pictures[i].Width, (byte)pictures[i].Height, 0, 0, 1, 0, 32, 0]);
            icon.AddRange([.. BitConverter.GetBytes(files[i].Length), .. BitConverter.GetBytes(at)]);
            at += files[i].Length;
        }
        return [.. icon, .. files.SelectMany(f => f)];
    }

    /// <summary>A TIFF directory with one entry, the orientation.</summary>
    private static byte[] Exif(int orientation)
        => [.. "MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"u8, (byte)orientation, 0, 0, 0, 0, 0, 0];

    private static byte[] PngWithExif(Image image, int orientation)
    {
        byte[] file = image.EncodePng(), exif = Exif(orientation);
        byte[] chunk = [0, 0, 0, (byte)exif.Length, .. "eXIf"u8, .. exif, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 4), Crc32.Compute(chunk.AsSpan(4..^4)));
        return [.. file[..33], .. chunk, .. file[33..]];
    }

    /// <summary>The extended format: VP8X, the picture without loss, EXIF.</summary>
    private static byte[] WebPWithExif(Image image, int orientation, string prefix)
    {
        byte[] file = SkiaCodec.Encode(image, SkiaSharp.SKEncodedImageFormat.Webp, 100);
        byte[] exif = [.. Encoding.Latin1.GetBytes(prefix), .. Exif(orientation)];
        byte[] size = [(byte)(image.Width - 1), 0, 0, (byte)(image.Height - 1), 0, 0];
        byte[] extended = [.. "VP8X"u8, 10, 0, 0, 0, 8, 0, 0, 0, .. size];
        int vp8 = file.AsSpan().IndexOf("VP8L"u8);
        byte[] body = [.. "WEBP"u8, .. extended, .. file[vp8..], .. "EXIF"u8, (byte)exif.Length, 0, 0, 0, .. exif];
        return [.. "RIFF"u8, .. BitConverter.GetBytes(body.Length), .. body];
    }
}
