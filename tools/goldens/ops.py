"""Writes test/graph/golden/ops.json: what PyTorch says each op gives, in float64.

    python tools/goldens/ops.py

Inputs are not stored: both sides make them by the formula of `values` below (test/graph/op-inputs.ts has the same).
Of a large result only its norm, four projections and eight elements are stored.
"""

import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

PRIME = 65537


def random(seed, size):
    """Whole numbers below PRIME, a quadratic in the index."""
    i = np.arange(size, dtype=np.int64) % PRIME
    return (i * i * (7919 + 212 * seed) + i * (30011 + 1013 * seed) + 1009 * seed + 7) % PRIME


def values(spec, seed):
    size = math.prod(spec["shape"])
    low, high = spec.get("low", -1), spec.get("high", 1)
    if "steps" in spec:
        # `steps` different numbers `gap` apart: any neighbors differ.
        x = low + spec["gap"] * ((np.arange(size) * 29) % spec["steps"])
    else:
        x = low + (high - low) * (random(seed, size) / PRIME)
        if spec["dtype"] != "float32":
            x = np.floor(x)
        elif "gap" in spec:
            x = x + np.where(x >= 0, spec["gap"], -spec["gap"])
    x = x.astype(np.float32).reshape(spec["shape"])
    if spec["dtype"] == "float32":
        return torch.from_numpy(x).double()
    return torch.from_numpy(x).to(torch.bool if spec["dtype"] == "bool" else torch.int64)


def f(*shape, **options):
    return {"dtype": "float32", "shape": list(shape), **options}


def ids(*shape, below, low=0):
    return {"dtype": "int64", "shape": list(shape), "low": low, "high": below}


def flags(*shape):
    return {"dtype": "bool", "shape": list(shape), "low": 0, "high": 2}


SAMPLES = {}


def sample(name, compute, *sizes):
    SAMPLES[name] = (compute, sizes)


def same(name, compute, **options):
    """An op that works element by element, at two sizes."""
    sample(name, compute, [f(3, 5, **options)], [f(64, 700, **options)])


def pair(name, compute, a=None, b=None, dtype=f):
    a, b = a or {}, b or {}
    sample(name, compute, [dtype(2, 3, 4, **a), dtype(3, 1, **b)], [dtype(5, 30, 200, **a), dtype(30, 1, **b)])


# Arithmetic
pair("add", torch.add)
pair("sub", torch.sub)
pair("mul", torch.mul)
pair("div", torch.div, b={"gap": 0.5})
pair("pow", torch.pow, a={"low": 0.5, "high": 2}, b={"low": -2, "high": 2})
same("pow/square", lambda x: x**2)
same("pow/cube", lambda x: x**3)
# Steps of .2, and of .2 beside them: never equal.
EVEN, ODD = {"low": -1, "steps": 11, "gap": 0.2}, {"low": -0.9, "steps": 7, "gap": 0.2}
pair("maximum", torch.maximum, EVEN, ODD)
pair("minimum", torch.minimum, EVEN, ODD)
sample("mod", torch.remainder, *[[ids(*s, below=20, low=-20), ids(s[-1], below=7, low=1)] for s in ((3, 4), (50, 600))])
for name in ("neg", "exp", "sin", "cos", "tanh", "sigmoid", "erf"):
    same(name, getattr(torch, name), low=-2, high=2)
for name in ("abs", "sign", "relu"):
    same(name, getattr(torch, name), low=-2, high=2, gap=0.1)
for name in ("log", "sqrt"):
    same(name, getattr(torch, name), low=0.3, high=3)
same("step", lambda x: (x > 0).double(), low=-2, high=2, gap=0.1)
same("floor", torch.floor, low=-2.25, steps=9, gap=0.5)
same("gelu", F.gelu, low=-3, high=3)
same("gelu/tanh", lambda x: F.gelu(x, approximate="tanh"), low=-3, high=3)
same("silu", F.silu, low=-3, high=3)
for name, compute in {
    "equal": torch.eq, "greater": torch.gt, "greaterOrEqual": torch.ge, "less": torch.lt, "lessOrEqual": torch.le,
}.items():
    sample(name, compute, *[[ids(*s, below=4), ids(s[-1], below=4)] for s in ((3, 4), (50, 600))])
for name, compute in {"and": torch.logical_and, "or": torch.logical_or}.items():
    sample(name, compute, [flags(3, 4), flags(4)], [flags(50, 600), flags(600)])
sample("not", torch.logical_not, [flags(3, 4)], [flags(50, 600)])
sample("where", torch.where, [flags(3, 4), f(3, 4), f(4)], [flags(50, 600), f(50, 600), f(600)])
sample("where/number", lambda c, x: torch.where(c, x, -5), [flags(3, 4), f(3, 4)], [flags(50, 600), f(50, 600)])
same("cast/int64", lambda x: x.long(), low=-5, high=5)
sample("cast/float32", lambda x: x.double(), [flags(3, 4)], [flags(50, 600)])
same("stopGradient", lambda x: x * 2)

# Products
sample("matmul", torch.matmul, [f(2, 3), f(3, 4)], [f(130, 300), f(300, 150)])
sample("matmul/batched", torch.matmul, [f(2, 1, 3, 4), f(5, 4, 2)], [f(4, 1, 60, 50), f(6, 50, 40)])
sample("matmul/shared", torch.matmul, [f(2, 3, 4), f(4, 5)], [f(6, 50, 80), f(80, 90)])
sample("linear", F.linear, [f(2, 3, 4), f(5, 4), f(5)], [f(7, 60, 80), f(90, 80), f(90)])
sample("linear/in-out", lambda x, w, b: x @ w + b, [f(2, 3, 4), f(4, 5), f(5)], [f(7, 60, 80), f(80, 90), f(90)])
sample("linear/plain", F.linear, [f(3, 4), f(5, 4)], [f(300, 80), f(90, 80)])

# Convolution
CONVOLUTIONS = {
    "conv": ({}, (2, 3, 7), (4, 3, 3), (3, 24, 200), (32, 24, 5)),
    "conv/wide": ({"stride": 2, "padding": 2, "dilation": 2}, (2, 3, 9), (4, 3, 3), (3, 24, 201), (32, 24, 3)),
    "conv/groups": ({"stride": 3, "groups": 2}, (2, 4, 9), (6, 2, 2), (3, 24, 200), (32, 12, 2)),
    "conv/depthwise": ({"padding": 1, "groups": 3}, (2, 3, 6), (3, 1, 3), (30, 3, 800), (3, 1, 3)),
    "conv/image": ({}, (2, 3, 5, 4), (4, 3, 2, 3), (2, 12, 32, 30), (16, 12, 3, 3)),
    "conv/image-wide": (
        {"stride": (2, 3), "padding": (2, 1), "dilation": (2, 1)},
        (1, 2, 7, 8), (3, 2, 3, 2), (2, 12, 40, 45), (16, 12, 3, 3),
    ),
    "conv/image-groups": (
        {"stride": 2, "padding": 1, "groups": 2}, (1, 4, 6, 5), (6, 2, 3, 3), (2, 12, 40, 41), (16, 6, 3, 3),
    ),
    # A kernel that is long enough for the other way to its gradient.
    "conv/long": ({"stride": 3, "groups": 2, "padding": 2}, (2, 2, 39), (4, 1, 33), (4, 8, 501), (8, 4, 65)),
    "conv/long-image": ({"stride": (1, 2), "padding": (2, 3)}, (1, 2, 5, 9), (2, 2, 5, 7), (2, 6, 40, 41), (8, 6, 6, 7)),
    "conv/patches": ({"stride": 4}, (1, 2, 8, 8), (3, 2, 4, 4), (2, 3, 64, 64), (48, 3, 4, 4)),
}


def convolution(options):
    return lambda x, w, *b: (F.conv1d if x.dim() == 3 else F.conv2d)(x, w, *b, **options)


def weight_gradient(options):
    def compute(x, w):
        w = w.clone().requires_grad_()
        y = convolution(options)(x, w)
        (g,) = torch.autograd.grad((y * y.detach()).sum(), w)
        return g

    return compute


for name, (options, x, w, large_x, large_w) in CONVOLUTIONS.items():
    sizes = [f(*x, names=["batch", None, "time", "width"][: len(x)]), f(*w)], [f(*large_x), f(*large_w)]
    sample(name, convolution(options), *sizes)
    # The weight's gradient of y · y / 2, where y is the convolution.
    sample(name.replace("conv", "convWeight"), weight_gradient(options), *sizes)
sample(
    "conv/bias",
    convolution({"padding": 1}), [f(2, 3, 4, 5), f(4, 3, 3, 3), f(4)], [f(2, 12, 32, 30), f(16, 12, 3, 3), f(16)],
)
sample("conv/causal", lambda x, w: F.conv1d(F.pad(x, (2, 0)), w), [f(2, 3, 7), f(4, 3, 3)], [f(3, 24, 200), f(32, 24, 3)])
TRANSPOSED = {
    "convTranspose": ({}, (2, 4, 5), (4, 3, 3), (3, 32, 150), (32, 24, 5)),
    "convTranspose/wide": (
        {"stride": 3, "padding": 1, "dilation": 2, "output_padding": 2},
        (2, 4, 4), (4, 3, 3), (3, 32, 100), (32, 24, 3),
    ),
    "convTranspose/groups": ({"stride": 2, "groups": 2}, (2, 4, 4), (4, 3, 2), (3, 32, 100), (32, 12, 2)),
    "convTranspose/image": (
        {"stride": (2, 1), "padding": (1, 0), "output_padding": (1, 0)},
        (1, 3, 3, 4), (3, 2, 3, 2), (2, 16, 20, 25), (16, 12, 3, 3),
    ),
}
for name, (options, x, w, large_x, large_w) in TRANSPOSED.items():
    compute = lambda x, w, b, o=options: (F.conv_transpose1d if x.dim() == 3 else F.conv_transpose2d)(x, w, b, **o)
    bias = lambda w: f(w[1] * options.get("groups", 1))
    names = ["batch", None, "time", "width"][: len(x)]
    sample(name, compute, [f(*x, names=names), f(*w), bias(w)], [f(*large_x), f(*large_w), bias(large_w)])

# Pooling: steps of .1, so that no step of a test changes which element is the largest
POOLED = {"low": -1.5, "steps": 31, "gap": 0.1}
for name, window, options, x, large in (
    ("", 2, {}, (2, 3, 7), (4, 32, 301)),
    ("/overlapping", 3, {"stride": 1, "padding": 1}, (2, 3, 7), (4, 32, 301)),
    ("/image", 2, {}, (1, 2, 5, 6), (3, 16, 40, 42)),
    ("/image-overlapping", (3, 2), {"stride": (2, 1), "padding": (1, 0)}, (1, 2, 5, 6), (3, 16, 40, 42)),
):
    names = ["batch", None, "time", "width"][: len(x)]
    sizes = [f(*x, names=names, **POOLED)], [f(*large, **POOLED)]
    largest = lambda x, w=window, o=options: (F.max_pool1d if x.dim() == 3 else F.max_pool2d)(x, w, **o)
    mean = lambda x, w=window, o=options: (F.avg_pool1d if x.dim() == 3 else F.avg_pool2d)(x, w, **o)
    sample("maxPool" + name, largest, *sizes)
    sample("averagePool" + name, mean, *sizes)
sample(
    "maxPool/dilation",
    lambda x: F.max_pool1d(x, 3, stride=2, dilation=2), [f(2, 2, 11, **POOLED)], [f(4, 16, 501, **POOLED)],
)
sample(
    "averagePool/uncounted",
    lambda x: F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False), [f(1, 2, 5, 6)], [f(3, 16, 40, 42)],
)


def pool_gradient(x):
    x = x.clone().requires_grad_()
    y = F.max_pool1d(x, 3, stride=2, padding=1)
    (g,) = torch.autograd.grad((y * y).sum() / 2, x)
    return g


POOL_SIZES = [f(2, 3, 7, **POOLED)], [f(4, 32, 301, **POOLED)]
sample("scatterWindows", pool_gradient, *POOL_SIZES)
sample("gatherWindows", lambda x: F.max_pool1d(x, 3, stride=2, padding=1), *POOL_SIZES)

# Reductions
SPREAD = {"low": -20, "steps": 401, "gap": 0.1}
sample("sum/rows", lambda x: x.sum((0, 1)), [f(2, 3, 32)], [f(30, 60, 90)])
for name, compute in {"sum": torch.sum, "mean": torch.mean, "logSumExp": torch.logsumexp}.items():
    sample(name, lambda x, c=compute: c(x, (0, 2)), [f(2, 3, 4, names=["batch", None, "time"])], [f(20, 30, 60)])
    sample(name + "/keep", lambda x, c=compute: c(x, -1, keepdim=True), [f(2, 3, 4)], [f(20, 30, 60)])
for name, compute in {"max": torch.amax, "min": torch.amin}.items():
    sample(name, lambda x, c=compute: c(x, -1), [f(2, 3, 4, **SPREAD)], [f(20, 30, 60, **SPREAD)])
    sample(name + "/front", lambda x, c=compute: c(x, (0, 1)), [f(2, 3, 4, **SPREAD)], [f(4, 50, 200, **SPREAD)])
for name, compute in {"argMax": torch.argmax, "argMin": torch.argmin}.items():
    sample(name, lambda x, c=compute: c(x, 1), [f(2, 3, 4, **SPREAD)], [f(20, 30, 60, **SPREAD)])
TOP = {"low": -5, "steps": 101, "gap": 0.1}
sample("topK", lambda x: x.topk(3).values, [f(2, 3, 5, **TOP)], [f(20, 30, 60, **TOP)])
sample("cumulativeSum", lambda x: x.cumsum(1), [f(2, 3, 4)], [f(20, 30, 60)])
sample(
    "cumulativeSum/exclusive-reverse",
    lambda x: x.flip(-1).cumsum(-1).flip(-1) - x, [f(2, 3, 4)], [f(20, 30, 60)],
)

# Shapes
NAMED = {"names": ["batch", None, "time"]}
sample("reshape", lambda x: x.reshape(-1, x.shape[2]), [f(2, 3, 4, **NAMED)], [f(20, 30, 60)])
sample("transpose", lambda x: x.permute(2, 0, 1), [f(2, 3, 4, **NAMED)], [f(20, 30, 60)])
sample("expand", lambda x: x.expand(7, *x.shape[:1], 5, x.shape[2]), [f(2, 1, 3)], [f(20, 1, 60)])
sample("concat", lambda *x: torch.cat(x, 1), [f(2, 3), f(2, 1), f(2, 4)], [f(70, 300), f(70, 100), f(70, 400)])
sample("split", lambda x: torch.cat((x[:, 2:], x[:, :2]), 1), [f(2, 5)], [f(70, 300)])
sample("split/one", lambda x: x[:, 1:], [f(2, 5)], [f(70, 300)])
sample("slice", lambda x: x[:, 1:3], [f(2, 4, **{"names": ["batch", "time"]})], [f(100, 300)])
sample("slice/step", lambda x: x[:, 1::3], [f(2, 9, names=["batch", "time"])], [f(100, 300)])
sample("pad", lambda x: F.pad(x, (1, 2), value=3), [f(2, 4, names=["batch", "time"])], [f(100, 300)])
sample("after", lambda x, signal: x, [f(2, 3, names=["batch", None]), f(4)], [f(70, 30), f(50, 60)])
sample("flip", lambda x: x.flip(1), [f(2, 4, 3, names=["batch", "time", None])], [f(10, 40, 70)])

# Look-ups
sample("gather", lambda x, i: x[i], [f(5, 3), ids(2, 4, below=5)], [f(700, 40), ids(20, 50, below=700)])
sample("gather/few", lambda x, i: x[i], [f(3, 2), ids(7, below=3)], [f(50, 40), ids(1000, below=50)])
sample("gather/inner", lambda x, i: x[:, i], [f(2, 5, 3), ids(2, 2, below=5)], [f(4, 60, 20), ids(9, 30, below=60)])


def scatter_rows(rows):
    return lambda g, i: torch.zeros(rows(g), *g.shape[i.dim() :], dtype=g.dtype).index_put((i,), g, accumulate=True)


sample("scatterRows", scatter_rows(lambda g: 6), [f(2, 4, 3), ids(2, 4, below=6)], [f(20, 50, 40), ids(20, 50, below=6)])
sample(
    "scatterRows/many",
    scatter_rows(lambda g: 2000), [f(9, 2), ids(9, below=2000)], [f(1500, 40), ids(1500, below=400)],
)
sample(
    "scatterRows/onto",
    lambda g, i, base: base + scatter_rows(lambda _: 6)(g, i), [f(2, 4, 3), ids(2, 4, below=6), f(6, 3)],
    [f(20, 50, 40), ids(20, 50, below=6), f(6, 40)],
)
sample(
    "scatterRows/many-onto",
    lambda g, i, base: base + scatter_rows(lambda _: 200)(g, i), [f(9, 2, 2), ids(9, below=7), f(200, 2, 2)],
    [f(1500, 5, 8), ids(1500, below=90), f(200, 5, 8)],
)
sample(
    "gatherElements",
    lambda x, i: x.gather(1, i), [f(2, 5, 3), ids(2, 4, 3, below=5)], [f(10, 30, 90), ids(10, 40, 90, below=30)],
)
sample("gatherElements/one", lambda x, i: x.gather(1, i), [f(4, 5), ids(4, 1, below=5)], [f(900, 50), ids(900, 1, below=50)])


def scatter_elements(axis, size):
    def compute(g, i):
        shape = [size if a == axis else d for a, d in enumerate(g.shape)]
        return torch.zeros(shape, dtype=g.dtype).scatter_add(axis, i, g)

    return compute


sample("scatterElements", scatter_elements(1, 5), [f(2, 4, 3), ids(2, 4, 3, below=5)], [f(10, 40, 90), ids(10, 40, 90, below=5)])
sample("scatterElements/one", scatter_elements(1, 50), [f(4, 1), ids(4, 1, below=50)], [f(900, 1), ids(900, 1, below=50)])
sample(
    "addAt",
    lambda x, i, u: x.scatter_add(-1, i, u),
    [f(3, 5), ids(3, 1, below=5), f(3, 1)], [f(900, 50), ids(900, 1, below=50), f(900, 1)],
)

# Normalization
WIDE = {"low": -3, "high": 3}
sample("softmax", lambda x: x.softmax(-1), [f(3, 5, low=-3, high=3)], [f(200, 150, low=-3, high=3)])
sample("softmax/front", lambda x: x.softmax(1), [f(2, 3, 4, low=-3, high=3)], [f(20, 30, 60, low=-3, high=3)])
sample("logSoftmax", lambda x: x.log_softmax(-1), [f(3, 5, low=-3, high=3)], [f(200, 150, low=-3, high=3)])
for name, smoothing in {"crossEntropy": 0.0, "crossEntropy/smoothed": 0.1}.items():
    sample(
        name,
        lambda x, t, s=smoothing: F.cross_entropy(
            x, torch.where(t < 0, -100, t), reduction="none", label_smoothing=s, ignore_index=-100
        ),
        [f(4, 5, low=-3, high=3), ids(4, below=5, low=-2)], [f(300, 150, low=-3, high=3), ids(300, below=150, low=-50)],
    )


def linear_cross_entropy(smoothing):
    return lambda x, w, t, b=None: F.cross_entropy(
        F.linear(x, w, b), torch.where(t < 0, -100, t), reduction="none", label_smoothing=smoothing, ignore_index=-100
    )


for name, smoothing in {"linearCrossEntropy": 0.0, "linearCrossEntropy/smoothed": 0.1}.items():
    sample(
        name,
        linear_cross_entropy(smoothing),
        [f(4, 6, **WIDE), f(5, 6, **WIDE), ids(4, below=5, low=-2)],
        [f(300, 40), f(150, 40), ids(300, below=150, low=-50)],
    )
sample(
    "linearCrossEntropy/bias",
    linear_cross_entropy(0.2),
    [f(4, 6), f(5, 6), ids(4, below=5, low=-2), f(5)],
    [f(300, 40), f(150, 40), ids(300, below=150, low=-50), f(150)],
)
sample(
    "linearCrossEntropy/probabilities",
    lambda x, w, t: F.linear(x, w).softmax(-1),
    [f(4, 6, **WIDE), f(5, 6, **WIDE), ids(4, below=5, low=-2)],
    [f(300, 40), f(150, 40), ids(300, below=150, low=-50)],
)
sample(
    "layerNorm",
    lambda x, w, b: F.layer_norm(x, (x.shape[-1],), w, b, 1e-5), [f(2, 3, 6), f(6), f(6)], [f(10, 30, 128), f(128), f(128)],
)
sample(
    "layerNorm/plain",
    lambda x, w: F.layer_norm(x, (x.shape[-1],), w, None, 1e-5), [f(3, 6), f(6)], [f(300, 128), f(128)],
)
sample(
    "layerNorm/statistics",
    lambda x, w: torch.cat(
        (x.mean(-1, keepdim=True), (x.var(-1, correction=0, keepdim=True) + 1e-5).rsqrt()), -1
    ),
    [f(3, 6), f(6)], [f(300, 128), f(128)],
)
sample(
    "rmsNorm",
    lambda x, w: F.rms_norm(x, (x.shape[-1],), w, 1e-5), [f(2, 3, 6), f(6)], [f(10, 30, 128), f(128)],
)
sample(
    "rmsNorm/statistics",
    lambda x, w: (x.square().mean(-1, keepdim=True) + 1e-5).rsqrt(), [f(3, 6), f(6)], [f(300, 128), f(128)],
)

# Sources
sample("input", lambda x: x, [f(2, 3, **{"names": ["batch", None]})], [f(50, 600)])
sample("constant", lambda x: x * torch.tensor([1.0, 2.0, -3.0]).double(), [f(2, 3)], [f(9000, 3)])
sample("full", lambda x: torch.full_like(x, 2.5), [f(2, 3, **{"names": ["batch", None]})], [f(50, 600)])
sample("iota", lambda x: torch.arange(x.shape[0]) + 4, [f(3, **{"names": ["batch"]})], [f(30000)])
sample("sizeValue", lambda x: torch.tensor(float(x.numel())), [f(2, 3, **{"names": ["batch", None]})], [f(50, 600)])


def rounded(numbers):
    return [float(f"{x:.9g}") for x in numbers]


def digest(y, large):
    y = y.double().flatten().numpy()
    if not large:
        return {"values": rounded(y)}
    directions = [random(seed, y.size) * 2 / PRIME - 1 for seed in range(50, 54)]
    return {
        "norm": rounded([np.linalg.norm(y)])[0],
        "projections": rounded(np.dot(d, y) for d in directions),
        "elements": rounded(y[i * (y.size - 1) // 7] for i in range(8)),
    }


def record(compute, specs, large):
    result = compute(*[values(spec, seed) for seed, spec in enumerate(specs)])
    return {"inputs": specs, "shape": list(result.shape), **digest(result, large)}


def main():
    samples = {
        name: {
            "tiny": record(compute, sizes[0], False),
            "large": record(compute, sizes[1], True),
        }
        for name, (compute, sizes) in SAMPLES.items()
    }
    path = pathlib.Path(__file__).parents[2] / "test/graph/golden/ops.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = ",\n".join(f"    {json.dumps(name)}: {json.dumps(s)}" for name, s in samples.items())
    path.write_text(f'{{\n  "reference": "torch {torch.__version__.split("+")[0]}",\n  "samples": {{\n{rows}\n  }}\n}}\n')
    print(f"{len(samples)} samples, {path.stat().st_size} bytes")


main()
