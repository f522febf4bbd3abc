using System.Xml;
using System.Xml.Linq;

namespace ClipSeg.Server;

/// <summary>What matters of a Label Studio project's labelling interface.</summary>
/// <param name="Image">The name of the picture.</param>
/// <param name="DataKey">Which field of a task's data has its address.</param>
/// <param name="Brush">The name of the brush.</param>
/// <param name="Labels">What it can paint.</param>
internal sealed record LabelConfig(string Image, string DataKey, string Brush, IReadOnlyList<string> Labels)
{
    private const int MaxLength = 1 << 20;

    /// <summary>Reads the interface's XML.</summary>
    /// <exception cref="RequestException">It is none, or has no picture with a brush.</exception>
    public static LabelConfig Parse(string xml)
    {
        XElement root;
        try
        {
            using XmlReader reader = XmlReader.Create(new StringReader(xml), new()
            {
                DtdProcessing = DtdProcessing.Prohibit,
                MaxCharactersInDocument = MaxLength,
            });
            root = XElement.Load(reader);
        }
        catch (XmlException e)
        {
            throw new RequestException($"label_config is no XML that is read: {e.Message}");
        }
        XElement? brush = root.DescendantsAndSelf("BrushLabels").FirstOrDefault();
        string? toName = (string?)brush?.Attribute("toName"), name = (string?)brush?.Attribute("name");
        XElement? image = root.DescendantsAndSelf("Image").FirstOrDefault(i => (string?)i.Attribute("name") == toName);
        if (name is null || toName is null || (string?)image?.Attribute("value") is not ['$', .. string key])
        {
            throw new RequestException("label_config has no <BrushLabels name=\"...\" toName=\"image\"> for an "
                + "<Image name=\"image\" value=\"$image\"/>.");
        }
        string[] labels =
            [.. brush!.Elements("Label").Select(label => (string?)label.Attribute("value")).OfType<string>()];
        return labels.Length > 0
            ? new(toName, key, name, labels)
            : throw new RequestException($"The brush '{name}' of label_config has no labels.");
    }
}
