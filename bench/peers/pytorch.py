"""PyTorch, with CLIPSeg written out in it, on the weights that ClipSeg reads:

  python3 pytorch.py                                          answers requests, a line of JSON each, to the end
  python3 pytorch.py FOLDER PICTURE IDS MASK SIDE THREADS     makes one mask and ends: what a cold start is

Needs Debian's python3-torch, python3-pil and libopenblas0 (without the last, a picture would take minutes, and
full-size models are refused), or the same from elsewhere. bench/ClipSeg.Peers/PeerServer.cs is the same for engines
in .NET.
"""
import json
import math
import os
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    torch = None

LARGE = 50_000_000              # weights
SLOWEST = 10                    # GFLOP/s; without a fast BLAS it is 3, with OpenBLAS several times as many
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class ClipSeg:
    """Weights by their names in the checkpoint; text and picture once, the decoder for all prompts together."""

    def __init__(self, folder):
        with open(os.path.join(folder, "config.json")) as file:
            self.config = json.load(file)
        self.weights = read_weights(os.path.join(folder, "model.safetensors"))

    def segment(self, pixels, ids):
        """[1, 3, side, side] and P lists of tokens to [P, side, side]."""
        return self.decode(self.activations(pixels), self.embed(ids))

    def embed(self, ids):
        """P lists of tokens to [P, E]. Shorter ones are filled up with their last token, which ends them."""
        longest = max(map(len, ids))
        tokens = torch.tensor([one + one[-1:] * (longest - len(one)) for one in ids])
        scope = "clip.text_model."
        x = self.weights[scope + "embeddings.token_embedding.weight"][tokens]
        x = x + self.weights[scope + "embeddings.position_embedding.weight"][:longest]
        causal = torch.full((longest, longest), -math.inf).triu(1)
        heads = self.config["text_config"]["num_attention_heads"]
        for i in range(self.config["text_config"]["num_hidden_layers"]):
            x = self.block(x, f"{scope}encoder.layers.{i}.", heads, causal)
        ends = torch.tensor([len(one) - 1 for one in ids])
        x = self.norm(x[torch.arange(len(ids)), ends], scope + "final_layer_norm")
        return F.linear(x, self.weights["clip.text_projection.weight"])

    def activations(self, pixels):
        """[1, 3, side, side] to [1, T, C] of each block that the decoder reads, deep first."""
        scope = "clip.vision_model."
        patches = self.weights[scope + "embeddings.patch_embedding.weight"]
        x = F.conv2d(pixels, patches, stride=patches.shape[-1])
        grid = x.shape[-1]
        first = self.weights[scope + "embeddings.class_embedding"].view(1, 1, -1)
        x = torch.cat([first, x.flatten(2).transpose(1, 2)], dim=1) + self.positions(grid)
        x = self.norm(x, scope + "pre_layrnorm")
        read, heads = self.config["extract_layers"], self.config["vision_config"]["num_attention_heads"]
        found = []
        for i in range(max(read) + 1):
            x = self.block(x, f"{scope}encoder.layers.{i}.", heads)
            if i in read:
                found.insert(0, x)
        return found

    def positions(self, grid):
        table = self.weights["clip.vision_model.embeddings.position_embedding.weight"]
        side = math.isqrt(len(table) - 1)
        if side == grid:
            return table
        squares = table[1:].T.view(1, -1, side, side)
        squares = F.interpolate(squares, size=(grid, grid), mode="bicubic", align_corners=False)
        return torch.cat([table[:1], squares.flatten(2)[0].T])

    def decode(self, activations, conditionals):
        """Activations, deep first, and [P, E] to [P, side, side]."""
        x = None
        heads = self.config["decoder_num_attention_heads"]
        for i, activation in enumerate(activations):
            reduced = self.linear(activation, f"decoder.reduces.{i}")
            x = reduced if x is None else x + reduced
            if i == self.config["conditional_layer"]:
                scale = self.linear(conditionals, "decoder.film_mul").unsqueeze(1)
                x = scale * x + self.linear(conditionals, "decoder.film_add").unsqueeze(1)
            x = self.block_after(x, f"decoder.layers.{i}.", heads)
        grid = math.isqrt(x.shape[1] - 1)
        return self.head(x[:, 1:].transpose(1, 2).reshape(len(x), -1, grid, grid)).squeeze(1)

    def head(self, x):
        """[P, D, grid, grid] to [P, 1, side, side], by either of the paper's heads."""
        name = "decoder.transposed_convolution"
        if not self.config["use_complex_transposed_convolution"]:
            return self.enlarge(x, name)
        x = F.relu(F.conv2d(x, self.weights[name + ".0.weight"], self.weights[name + ".0.bias"], padding=1))
        return self.enlarge(F.relu(self.enlarge(x, name + ".2")), name + ".4")

    def enlarge(self, x, name):
        weight = self.weights[name + ".weight"]
        return F.conv_transpose2d(x, weight, self.weights[name + ".bias"], stride=weight.shape[-1])

    def block(self, x, scope, heads, mask=None):
        """CLIP's: norms first."""
        x = x + self.attention(self.norm(x, scope + "layer_norm1"), scope, heads, mask)
        inner = self.linear(self.norm(x, scope + "layer_norm2"), scope + "mlp.fc1")
        return x + self.linear(inner * torch.sigmoid(1.702 * inner), scope + "mlp.fc2")

    def block_after(self, x, scope, heads):
        """The decoder's: norms last."""
        x = self.norm(x + self.attention(x, scope, heads), scope + "layer_norm1")
        inner = F.relu(self.linear(x, scope + "mlp.fc1"))
        return self.norm(x + self.linear(inner, scope + "mlp.fc2"), scope + "layer_norm2")

    def attention(self, x, scope, heads, mask=None):
        batch, tokens, width = x.shape
        q, k, v = (self.linear(x, f"{scope}self_attn.{name}_proj")
                   .view(batch, tokens, heads, width // heads).transpose(1, 2) for name in "qkv")
        if hasattr(F, "scaled_dot_product_attention"):          # PyTorch 2
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        else:
            scores = (q * (width // heads) ** -0.5) @ k.transpose(2, 3)
            y = (scores if mask is None else scores + mask).softmax(dim=-1) @ v
        return self.linear(y.transpose(1, 2).reshape(batch, tokens, width), scope + "self_attn.out_proj")

    def linear(self, x, name):
        return F.linear(x, self.weights[name + ".weight"], self.weights[name + ".bias"])

    def norm(self, x, name):
        weight = self.weights[name + ".weight"]
        return F.layer_norm(x, weight.shape, weight, self.weights[name + ".bias"])


def read_weights(path):
    types = {"F32": (torch.float32, 4), "F16": (torch.float16, 2), "I64": (torch.int64, 8)}
    weights = {}
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        start = file.tell()
        for name, tensor in header.items():
            if name == "__metadata__":
                continue
            kind, size = types[tensor["dtype"]]
            begin, end = tensor["data_offsets"]
            file.seek(start + begin)
            values = torch.frombuffer(bytearray(file.read(end - begin)), dtype=kind, count=(end - begin) // size)
            weights[name] = values.view(tensor["shape"]).to(torch.float32)
    return weights


def load(folder, threads):
    if torch is None:
        raise RuntimeError("PyTorch is not installed (Debian: python3-torch, python3-pil, libopenblas0)")
    torch.set_num_threads(threads)
    model = ClipSeg(folder)
    if sum(weight.numel() for weight in model.weights.values()) > LARGE:
        check_speed()
    return model


def check_speed():
    """Fails where a picture of a full-size model would take minutes."""
    x, weight, best = torch.ones(485, 768), torch.ones(3072, 768), math.inf
    for _ in range(3):
        start = time.perf_counter()
        F.linear(x, weight)
        best = min(best, time.perf_counter() - start)
    speed = 2 * len(x) * weight.numel() / best / 1e9
    if speed < SLOWEST:
        raise RuntimeError(f"PyTorch makes {speed:.1f} GFLOP/s, as it has no fast BLAS (Debian: libopenblas0)")


def read_pixels(path, side):
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        return torch.frombuffer(bytearray(file.read(size)), dtype=torch.float32).view(-1, 3, side, side)


def serve():
    model, file, pixels = None, None, None
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if request["command"] == "load":
                model = load(request["folder"], request["threads"])
                answer = {"version": f"PyTorch {torch.__version__} in Python {sys.version.split()[0]}"}
            else:
                if file != request["pixels"]:
                    file, pixels = request["pixels"], read_pixels(request["pixels"], request["side"])
                start = time.perf_counter()
                with torch.inference_mode():
                    logits = [model.segment(pixels[i:i + 1], request["ids"]) for i in range(request["pictures"])]
                answer = {"ms": 1000 * (time.perf_counter() - start)}
                if "output" in request:
                    with open(request["output"], "wb") as output:
                        output.writelines(one.contiguous().numpy().tobytes() for one in logits)
        except Exception as e:
            answer = {"error": (str(e) or type(e).__name__).splitlines()[0]}
        print(json.dumps(answer), flush=True)


def once(folder, picture, ids, mask, side, threads):
    from PIL import Image
    model = load(folder, threads)
    image = Image.open(picture).convert("RGB")
    small = image.resize((side, side), Image.BILINEAR)
    pixels = torch.frombuffer(bytearray(small.tobytes()), dtype=torch.uint8).view(side, side, 3).permute(2, 0, 1) / 255
    pixels = (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(DEVIATION).view(3, 1, 1)
    with torch.inference_mode():
        logits = model.segment(pixels.unsqueeze(0), json.loads(ids))
        large = F.interpolate(logits.unsqueeze(0), size=(image.height, image.width), mode="bilinear")
        grey = (torch.sigmoid(large[0, 0]) * 255).round().to(torch.uint8)
    Image.frombytes("L", image.size, grey.contiguous().numpy().tobytes()).save(mask)


if len(sys.argv) == 1:
    serve()
else:
    once(*sys.argv[1:5], side=int(sys.argv[5]), threads=int(sys.argv[6]))
