using ClipSeg.Imaging;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Scenes.Evaluation;

namespace ClipSeg.Tests.Scenes.Evaluation;

public sealed class ContactSheetTests
{
    [Fact]
    public void Sheet_has_a_row_for_each_example_and_shows_the_query()
    {
        Image one = ContactSheet.Draw([Example(shown: true)], 0.5);
        Image two = ContactSheet.Draw([Example(shown: true), Example(shown: false)], 0.5);

        Assert.Equal(one.Width, two.Width);
        Assert.InRange(two.Height - one.Height, 200, 400);
        Assert.InRange(Share(one, new(10, 20, 240)), 0.1, 0.2);         // the query, without a mask on it
        Assert.InRange(Share(two, new(10, 20, 240)), 0.1, 0.2);
    }

    [Fact]
    public void Sheet_leaves_room_where_no_picture_can_show_the_phrase()
    {
        Image with = ContactSheet.Draw([Example(shown: true)], 0.5);
        Image without = ContactSheet.Draw([Example(shown: false)], 0.5);
        Assert.Equal((with.Width, with.Height), (without.Width, without.Height));
        Assert.NotEqual(with.Pixels, without.Pixels);
        Assert.Throws<ArgumentException>(() => ContactSheet.Draw([], 0.5));
    }

    private static SceneExample Example(bool shown)
    {
        Image picture = new(48, 48);
        for (int i = 0; i < picture.Pixels.Length; i += 3)
            (picture.Pixels[i], picture.Pixels[i + 1], picture.Pixels[i + 2]) = (10, 20, 240);
        Mask mask = new(48, 48);
        for (int y = 10; y < 30; y++) mask.Values.AsSpan(y * 48 + 10, 20).Fill(1);
        return new()
        {
            Picture = picture,
            Phrase = new()
            {
                Text = "octopus",
                Term = new("octopus", TakesArticle: true),
                Kind = PhraseKind.Name,
                Exposure = Exposure.Seen,
                Objects = 1,
            },
            Truth = mask,
            ByText = mask,
            Support = shown ? picture : null,
            SupportMask = shown ? mask : null,
            ByPicture = shown ? mask : null,
        };
    }

    private static double Share(Image image, Rgb colour)
        => image.Pixels.Chunk(3).Count(p => new Rgb(p[0], p[1], p[2]) == colour) / (double)(image.Width * image.Height);
}
