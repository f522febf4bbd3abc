using System.Text.Json;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Peers;
using ClipSeg.Tests.Model;
using ClipSeg.Training;

namespace ClipSeg.Tests.Training;

/// <summary>Losses, gradients and weights against PyTorch's (tests/fixtures/training).</summary>
public sealed class GoldenTrainingTests
{
    [Fact]
    public void Three_steps_of_decoder_training_equal_the_reference()
    {
        Dictionary<string, Tensor> reference = FixtureTensors.ReadAll("training/decoder.safetensors");
        using JsonDocument json = Json("training/decoder.json");
        float[] losses = [.. json.RootElement.GetProperty("losses").EnumerateArray().Select(l => l.GetSingle())];
        ClipSegModel model = Mini(trainable: Part.Decoder);
        AdamW optimizer = new(model.Weights.Trainable, _ => 0.01f);
        CosineSchedule schedule = new(1e-3f, 1e-4f, 3);
        Tensor pixels = reference["pixels"];
        int patch = model.Config.PatchSize;
        Tensor[] activations = model.Vision.Activations(pixels);

        for (int step = 0; step < 3; step++)
        {
            using TensorScope scope = new();
            using Tape tape = new();
            Tensor logits = model.Decoder.Forward(
                activations, reference["conditionals"], pixels[2] / patch, pixels[3] / patch);
            Tensor loss = logits.BinaryCrossEntropy(reference["masks"].Data);
            Assert.Equal(losses[step], loss.Scalar, 1e-5f);
            tape.Backward(loss);
            if (step == 0) CompareGradients(model, reference);
            optimizer.Step(schedule.Rate(step));
        }

        // A key's bias has no gradient in theory; Adam divides the rounding noise (1e-10) by its own size plus 1e-8 and
        // so makes steps of up to a hundredth of the rate of it. Everything else is held to 1e-5.
        foreach (Parameter p in model.Weights.Trainable)
        {
            float tolerance = p.Name.EndsWith("k_proj.bias") ? 1e-4f : 1e-5f;
            Close.All(reference[$"after3.{p.Name}"], p.Value, tolerance, 0, p.Name);
        }
    }

    [Fact]
    public void Contrastive_loss_and_all_gradients_equal_the_reference()
    {
        Dictionary<string, Tensor> reference = FixtureTensors.ReadAll("training/contrastive.safetensors");
        using JsonDocument json = Json("training/contrastive.json");
        ClipSegModel model = Mini(trainable: Part.Clip);
        Tensor ids = reference["input_ids"];
        int[][] sequences = [.. Enumerable.Range(0, ids[0])
            .Select(b => ids.Data.Slice(b * ids[1], ids[1]).ToArray().Select(id => (int)id).ToArray())];

        using TensorScope scope = new();
        using Tape tape = new();
        Tensor images = model.Vision.Embed(reference["pixels"]).Normalize();
        Tensor texts = model.Text.Embed(sequences).Normalize();
        Tensor logits = images.MatMulTransposed(texts).ScaleByExp(model.LogitScale, 100);
        Close.Relative(reference["logits"], logits, 1e-5f);
        Tensor loss = logits.ContrastiveLoss();
        Assert.Equal(json.RootElement.GetProperty("loss").GetSingle(), loss.Scalar, 1e-5f);
        tape.Backward(loss);
        CompareGradients(model, reference);
    }

    private static void CompareGradients(ClipSegModel model, Dictionary<string, Tensor> reference)
    {
        Parameter[] trainable = [.. model.Weights.Trainable];
        Assert.Equal(
            reference.Keys.Where(k => k.StartsWith("grad.")).Order(),
            trainable.Select(p => "grad." + p.Name).Order());
        foreach (Parameter p in trainable)
            Close.Relative(reference["grad." + p.Name], p.Value.Grad!, 1e-5f, p.Name);
    }

    private static ClipSegModel Mini(Part trainable)
    {
        using JsonDocument json = Json("model/mini/config.json");
        ClipSegConfig config = ClipSegConfig.Parse(json.RootElement);
        return new(new Weights(FormulaWeights.For(config), trainable), config);
    }

    private static JsonDocument Json(string file) => JsonDocument.Parse(File.ReadAllText(Fixtures.At(file)));
}
