namespace ClipSeg.Formats;

/// <summary>Finds the named tensors in what a PyTorch file holds.</summary>
internal static class StateDict
{
    private const int MaxDepth = 32;
    private const int MaxVisits = 1_000_000;

    // What training scripts call the weights beside an optimiser's state; the first that is there counts.
    private static readonly string[] _nested =
    [
        "state_dict", "model_state_dict", "model", "net", "network", "weights", "params", "module", "generator",
        "ema_state_dict", "state_dict_ema", "model_ema", "ema_model", "ema",
    ];

    /// <summary>Tensors by name, in the file's order; names in a module graph are paths joined with dots.</summary>
    public static Dictionary<string, PickleTensor> Find(object? root, BinaryFile file)
    {
        Dictionary<string, PickleTensor> tensors = new(StringComparer.Ordinal);
        if (root is PickleModule module)
        {
            int visits = 0;
            AddModule(module, "", 0, ref visits, tensors, file);
        }
        else
        {
            foreach ((object? key, object? value) in Unwrap(root as PickleDict)?.Items ?? [])
            {
                if (key is string name && value is PickleTensor tensor) tensors[name] = tensor;
            }
        }
        return tensors.Count > 0 ? tensors : throw file.Error(
            "is a PyTorch file without named tensors; save the weights alone, in Python: "
            + "torch.save(model.state_dict(), 'weights.pth')");
    }

    private static PickleDict? Unwrap(PickleDict? dict)
    {
        for (int depth = 0; depth < MaxDepth && dict is not null; depth++)
        {
            PickleDict? inner = null;
            foreach (string name in _nested) inner ??= dict[name] as PickleDict;

            // Under a name that nobody told us of, there are more tensors than under any other.
            if (inner is null && CountTensors(dict) == 0)
                inner = dict.Items.Select(item => item.Value).OfType<PickleDict>().MaxBy(CountTensors);
            if (inner is null) break;
            dict = inner;
        }
        return dict;
    }

    private static int CountTensors(PickleDict dict)
        => dict.Items.Count(item => item is { Key: string, Value: PickleTensor });

    private static void AddModule(PickleModule module, string prefix, int depth, ref int visits,
        Dictionary<string, PickleTensor> tensors, BinaryFile file)
    {
        if (depth > MaxDepth) throw file.Error($"has modules nested more than {MaxDepth} deep");
        foreach ((object? key, object? value) in module.Attributes?.Items ?? [])
        {
            if (++visits > MaxVisits) throw file.Error($"has more than {MaxVisits} attributes in its modules");
            if (key is not string name) continue;
            if (value is PickleTensor tensor) tensors[prefix + name] = tensor;
            if (value is PickleModule child) AddModule(child, $"{prefix}{name}.", depth + 1, ref visits, tensors, file);
        }
    }
}
