"""Writes test/training/golden/optimizers.json: five updates by PyTorch's optimizers, and transformers' Adafactor.

Run from the repository's root: python tools/goldens/optimizers.py   (needs torch, transformers)

Parameters and gradients follow a formula with values that float32 holds exactly, so both sides make their own; the
references compute in float64. Of large results the golden keeps every STRIDE-th element and two sums.
"""

import json
from pathlib import Path

import torch
import transformers
from transformers.optimization import Adafactor

GOLDEN = Path("test/training/golden/optimizers.json")
SHAPES = {"tiny": (7, 5), "matrix": (300, 250), "bias": (6,), "vector": (66_000,)}
RATES = [0.01, 0.02, 0.005, 0.03, 0.01]
STRIDE = 499


def values(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """Element i is ((7919 i + 104729 seed) mod 2003 − 1001) / 1024."""
    i = torch.arange(torch.Size(shape).numel(), dtype=torch.int64)
    return (((i * 7919 + 104_729 * seed) % 2003 - 1001).double() / 1024).reshape(shape)


def decay_matrices(parameters: dict[str, torch.nn.Parameter], weight_decay: float) -> list[dict]:
    groups = {True: [], False: []}
    for parameter in parameters.values():
        groups[parameter.ndim >= 2].append(parameter)
    return [{"params": groups[True], "weight_decay": weight_decay}, {"params": groups[False], "weight_decay": 0.0}]


def adam(groups, **options):
    return torch.optim.Adam(groups, lr=0, betas=(0.9, 0.98), eps=1e-9, **options)


def adamw(groups, **options):
    return torch.optim.AdamW(groups, lr=0, betas=(0.8, 0.95), eps=1e-6, **options)


def sgd(groups, **options):
    return torch.optim.SGD(groups, lr=0, **options)


def adafactor_of_transformers(groups, **options):
    return Adafactor(groups, lr=0, relative_step=False, warmup_init=False, beta1=None, **options)


def adafactor_of_torch(groups):
    return torch.optim.Adafactor(groups, lr=0)


# By our names: optimizer, its options, weight decay, clipping; and the reference.
CASES = {
    "adam": ("adam", {}, 0.0, 0, adam, {}),
    "adam, decay": ("adam", {}, 0.1, 0, adam, {}),
    "adamw, decay": ("adamw", {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-6}, 0.1, 0, adamw, {}),
    "sgd, plain, decay": ("sgd", {"momentum": 0}, 0.1, 0, sgd, {}),
    "sgd, momentum, decay": ("sgd", {"momentum": 0.9}, 0.1, 0, sgd, {"momentum": 0.9}),
    "sgd, nesterov, decay": (
        "sgd", {"momentum": 0.8, "nesterov": True}, 0.1, 0, sgd, {"momentum": 0.8, "nesterov": True},
    ),
    "sgd, clipped": ("sgd", {"momentum": 0.9}, 0.0, 100.0, sgd, {"momentum": 0.9}),
    "sgd, clipped nowhere": ("sgd", {"momentum": 0.9}, 0.0, 1e6, sgd, {"momentum": 0.9}),
    "adafactor": ("adafactor", {}, 0.0, 0, adafactor_of_transformers, {"scale_parameter": True}),
    "adafactor, no scale": (
        "adafactor", {"scaleByParameter": False}, 0.0, 0, adafactor_of_transformers, {"scale_parameter": False},
    ),
    "adafactor, clip 0.5": (
        "adafactor", {"clip": 0.5}, 0.0, 0, adafactor_of_transformers, {"scale_parameter": True, "clip_threshold": 0.5},
    ),
    "adafactor, decay": ("adafactor", {}, 0.1, 0, adafactor_of_torch, {}),
}


def run(name: str) -> dict:
    optimizer_name, options, weight_decay, clip, make, reference_options = CASES[name]
    parameters = {
        key: torch.nn.Parameter(values(shape, seed)) for seed, (key, shape) in enumerate(SHAPES.items(), start=1)
    }
    optimizer = make(decay_matrices(parameters, weight_decay), **reference_options)
    norms = []
    for step, rate in enumerate(RATES, start=1):
        for seed, parameter in enumerate(parameters.values(), start=1):
            parameter.grad = values(tuple(parameter.shape), 10 * step + seed)
        norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), clip or float("inf")).item())
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
    return {
        "optimizer": optimizer_name,
        "options": options,
        "weightDecay": weight_decay,
        "clipNorm": clip,
        "norms": [round(norm, 7) for norm in norms],
        "parameters": {key: summary(parameter.detach().flatten()) for key, parameter in parameters.items()},
    }


def summary(flat: torch.Tensor) -> dict:
    stride = 1 if len(flat) < STRIDE else STRIDE
    return {
        "every": stride,
        "values": [float(f"{x:.9g}") for x in flat[::stride].tolist()],
        "sum": flat.sum().item(),
        "squares": flat.square().sum().item(),
    }


def main() -> None:
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    golden = {
        "made with": {"torch": torch.__version__, "transformers": transformers.__version__},
        "rates": RATES,
        "shapes": SHAPES,
        "cases": {name: run(name) for name in CASES},
    }
    GOLDEN.write_text(json.dumps(golden) + "\n", encoding="utf8")
    print(f"{GOLDEN}: {GOLDEN.stat().st_size} bytes")


if __name__ == "__main__":
    main()
