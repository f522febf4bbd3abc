using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Tests.Numerics;

namespace ClipSeg.Tests.Prompts;

public sealed class ClipMaskingTests : IDisposable
{
    private static readonly Image _scene = Image.Load(Fixtures.At("model", "scene.png"));

    private readonly Segmenter _segmenter = Segmenter.Load(Fixtures.At("model", "mini"));

    public static TheoryData<string> Names => ["cls_token", "cls_token:4", "all", "all:3"];

    public void Dispose() => _segmenter.Dispose();

    [Theory]
    [InlineData("cls_token", AttentionMaskScope.ClassToken, null)]
    [InlineData("cls_token:11", AttentionMaskScope.ClassToken, 11)]
    [InlineData("all", AttentionMaskScope.Patches, null)]
    [InlineData("all:3", AttentionMaskScope.Patches, 3)]
    public void Parse_reads_the_authors_names(string name, AttentionMaskScope scope, int? layer)
    {
        ClipMasking? masking = ClipMasking.Parse(name);
        Assert.Equal(new ClipMasking(scope, layer), masking);
        Assert.Equal(name, masking!.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("cls")]
    [InlineData("all:")]
    [InlineData("all:-1")]
    [InlineData("all:x")]
    [InlineData("all:99999999999")]
    public void Parse_knows_no_other_names(string name) => Assert.Null(ClipMasking.Parse(name));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_mask_of_everything_changes_nothing(string name)
    {
        Mask everything = new(_scene.Width, _scene.Height);
        everything.Values.AsSpan().Fill(1);
        Prompt masked = _segmenter.Prompt(_scene, everything, ClipMasking.Parse(name)!);
        Close.All(_segmenter.Prompt(_scene).Conditional, masked.Conditional, 1e-5f);
    }

    [Fact]
    public void Every_variant_gives_another_prompt()
    {
        Mask left = LeftHalf();
        List<float[]> conditionals = [_segmenter.Prompt(_scene).Conditional.ToArray()];
        foreach (string name in Names)
            conditionals.Add(_segmenter.Prompt(_scene, left, ClipMasking.Parse(name)!).Conditional.ToArray());
        conditionals.Add(_segmenter.Prompt(
            _scene, left, new ClipMasking(AttentionMaskScope.ClassToken, Exclude: true)).Conditional.ToArray());

        for (int i = 0; i < conditionals.Count; i++)
        {
            for (int j = 0; j < i; j++)
                Assert.True(Distance(conditionals[i], conditionals[j]) > 1e-3, $"{i} equals {j}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_picture_of_a_batch_has_its_own_mask(string name)
    {
        // The authors' code mixes up heads and pictures here, so that it is right for one picture only.
        Tensor one = _segmenter.Preprocessing.Apply(_scene);
        Tensor other = FixtureTensors.Read("model/mini.cases.safetensors", "native.pixels");
        ClipMasking masking = ClipMasking.Parse(name)!;
        Tensor left = _segmenter.Preprocessing.Apply(LeftHalf()), right = Tensor.Zeros(48, 48);
        for (int i = 0; i < right.Length; i++) right.Data[i] = 1 - left.Data[i];
        LayerMask first = masking.At(left, 6, 6), second = masking.At(right, 6, 6);

        Tensor batch = new([.. one.Data, .. other.Data], 2, 3, 48, 48);
        Tensor keys = new([.. first.Mask.Keys.Data, .. second.Mask.Keys.Data], 2, 36);
        Tensor together = _segmenter.Model.Vision.Embed(batch, first with { Mask = first.Mask with { Keys = keys } });

        Close.All(_segmenter.Model.Vision.Embed(one, first).Data, together.Data[..40], 1e-5f);
        Close.All(_segmenter.Model.Vision.Embed(other, second).Data, together.Data[40..], 1e-5f);
    }

    [Theory]
    [InlineData(AttentionMaskScope.ClassToken, false)]
    [InlineData(AttentionMaskScope.ClassToken, true)]
    [InlineData(AttentionMaskScope.Patches, false)]
    [InlineData(AttentionMaskScope.Patches, true)]
    public void Masked_attention_is_what_its_definition_says(AttentionMaskScope scope, bool exclude)
    {
        const int Tokens = 5, Width = 4;
        Random random = new(42);
        Tensor q = random.Tensor(1, Tokens, Width), k = random.Tensor(1, Tokens, Width),
            v = random.Tensor(1, Tokens, Width);
        float[] keys = [1, 0, 0.5f, 0];

        Tensor actual = Tensor.Attention(q, k, v, heads: 1, mask: new(new(keys, 1, 4), scope, exclude));

        for (int i = 0; i < Tokens; i++)
        {
            double[] weights = new double[Tokens];
            for (int j = 0; j < Tokens; j++)
            {
                double score = 0;
                for (int c = 0; c < Width; c++) score += q.Data[i * Width + c] * k.Data[j * Width + c];
                bool limited = j > 0 && (i == 0) == (scope == AttentionMaskScope.ClassToken);
                float factor = limited ? keys[j - 1] : 1;
                weights[j] = exclude && factor == 0 ? 0 : Math.Exp(score * factor / Math.Sqrt(Width));
            }
            for (int c = 0; c < Width; c++)
            {
                double expected = 0;
                for (int j = 0; j < Tokens; j++) expected += weights[j] / weights.Sum() * v.Data[j * Width + c];
                Assert.Equal((float)expected, actual.Data[i * Width + c], 1e-5f);
            }
        }
    }

    private static Mask LeftHalf()
    {
        Mask mask = new(_scene.Width, _scene.Height);
        for (int i = 0; i < mask.Values.Length; i++) mask.Values[i] = i % mask.Width < mask.Width / 2 ? 1 : 0;
        return mask;
    }

    private static double Distance(float[] a, float[] b) => Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (x - y)).Sum());
}
