using ClipSeg.Imaging;

namespace ClipSeg.Training.Data;

/// <summary>A picture with a class for each pixel.</summary>
/// <param name="Picture">The picture.</param>
/// <param name="Labels">[height, width]: indices of classes; others, such as 255, are not scored.</param>
internal sealed record ClassPicture(Image Picture, byte[] Labels);

/// <summary>Pictures all of whose pixels have a class.</summary>
internal abstract class ClassData
{
    public const string BackgroundName = "background";

    /// <summary>The names of each class, by index; several for one thing.</summary>
    public abstract IReadOnlyList<IReadOnlyList<string>> Names { get; }

    /// <summary>The classes that the model was trained without; empty if that is not known.</summary>
    public virtual IReadOnlyList<int> Unseen => [];

    /// <summary>Pictures.</summary>
    public abstract int Count { get; }

    /// <exception cref="DataFormatException">Its files do not hold what the data set promises.</exception>
    public abstract ClassPicture Get(int picture);
}

/// <summary>Pascal VOC, or a folder of images, labels and classes.txt.</summary>
/// <param name="pictures">The data set.</param>
/// <param name="unseen">The classes that the model was trained without; none if that is not known.</param>
internal sealed class LabelledClasses(LabelledPictures pictures, IReadOnlyList<int> unseen) : ClassData
{
    public override IReadOnlyList<IReadOnlyList<string>> Names => pictures.Names;

    public override IReadOnlyList<int> Unseen => unseen;

    public override int Count => pictures.Pictures;

    public override ClassPicture Get(int picture) => pictures.Labelled(picture);
}
