"""Writes test/checkpoints/golden: a small file by the reference implementation of safetensors, and what it holds.

Run from the repository's root: python tools/goldens/tensor_files.py   (needs safetensors, numpy, torch)
"""

import json
from pathlib import Path

import numpy
import safetensors
import torch
from safetensors.torch import save_file

GOLDEN = Path("test/checkpoints/golden")


def tensors() -> dict[str, torch.Tensor]:
    """Every dtype, odd sizes, extremes, an empty tensor, a scalar and names that are not ASCII."""
    return {
        "f64": torch.tensor([[1.5, -2.25, 1e300], [float("inf"), 5e-324, -0.0]], dtype=torch.float64),
        "f32": torch.tensor([1.1, -3.4e38, 1e-45, float("-inf"), -0.0], dtype=torch.float32),
        "f16": torch.tensor([1.1, 65504, 6e-8, -0.0, float("inf")], dtype=torch.float16),
        "bf16": torch.tensor([1.1, -3.3e38, 1e-40], dtype=torch.bfloat16),
        "i64": torch.tensor([[2**63 - 1], [-(2**63)]], dtype=torch.int64),
        "i32": torch.tensor([2**31 - 1, -(2**31), 7], dtype=torch.int32),
        "i16": torch.tensor([[[-32768, 32767, 1]]], dtype=torch.int16),
        "i8": torch.tensor([-128, 127, 0], dtype=torch.int8),
        "u8": torch.tensor([0, 255, 3, 4, 5], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(42.5),
        "empty": torch.zeros((0, 3)),
        "été/\"quoted\"": torch.tensor([1.0]),
        "10": torch.tensor([10.0]),
    }


def listed(tensor: torch.Tensor) -> dict:
    """Shape and elements: integers as text, half precision as Float32 numbers, what JSON cannot say as text."""
    values = tensor.flatten()
    if tensor.dtype in (torch.float16, torch.bfloat16):
        values = values.to(torch.float32)
    return {"shape": list(tensor.shape), "values": [repr(value) for value in values.tolist()]}


def float16_cases() -> list[list[int]]:
    """Bits of Float32 values and of the Float16 and BFloat16 values that are nearest to them, ties among them."""
    generator = numpy.random.default_rng(7)
    bits = generator.integers(0, 2**32, 200, dtype=numpy.uint64)
    exponents = generator.integers(100, 145, 400, dtype=numpy.uint64)
    near = (exponents << 23) | (generator.integers(0, 2, 400, dtype=numpy.uint64) << 31)
    ties = near | (generator.integers(0, 1024, 400, dtype=numpy.uint64) << 13) | generator.choice([0, 0x0FFF, 0x1000, 0x1001], 400).astype(numpy.uint64)
    edges = [0, 0x80000000, 0x477FEFFF, 0x477FF000, 0x33000000, 0x33000001, 0x387FFFFF, 0x38800000, 0x7F800000, 0x7F7FFFFF]
    x = numpy.concatenate([bits, ties, numpy.array(edges, numpy.uint64)]).astype(numpy.uint32).view(numpy.float32)
    x = x[~numpy.isnan(x)]
    with numpy.errstate(over="ignore"):
        half = x.astype(numpy.float16).view(numpy.uint16)
    brain = torch.from_numpy(x.copy()).to(torch.bfloat16).view(torch.int16).numpy().view(numpy.uint16)
    return [[int(a), int(b), int(c)] for a, b, c in zip(x.view(numpy.uint32), half, brain)]


def main() -> None:
    GOLDEN.mkdir(parents=True, exist_ok=True)
    named = tensors()
    save_file(named, GOLDEN / "reference.safetensors", metadata={"note": "été"})
    stamp = {"safetensors": safetensors.__version__, "torch": torch.__version__, "numpy": numpy.__version__}
    content = {name: listed(tensor) for name, tensor in named.items()}
    expected = {"made with": stamp, "tensors": content, "half precision": float16_cases()}
    (GOLDEN / "reference.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
