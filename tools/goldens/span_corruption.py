"""Writes test/data/golden/span-corruption.json: what T5's span corruption gives, as it was published.

The algorithm of Raffel et al. 2020 as its authors' code has it: counts by rounding (halves to the even number), spans
and the gaps before them as uniformly random cuts. Written from the description, in numpy; draws are only compared as
shares, for generators differ.

Run from the repository's root: python tools/goldens/span_corruption.py   (needs numpy)
"""

import json
from collections import Counter
from pathlib import Path

import numpy as np

DENSITY, MEAN = 0.15, 3.0
random = np.random.default_rng(20)


def counts(length: int, density: float = DENSITY, mean: float = MEAN) -> tuple[int, int]:
    corrupted = min(max(int(np.round(length * density)), 1), length - 1)
    spans = max(int(np.round(corrupted / mean)), 1)
    return corrupted, spans


def segments(items: int, parts: int) -> list[int]:
    """A uniformly random cut: `parts - 1` of the places between items."""
    cuts = np.sort(random.permutation(items - 1)[: parts - 1]) + 1
    return np.diff([0, *cuts, items]).tolist()


def mask(length: int, density: float = DENSITY, mean: float = MEAN) -> np.ndarray:
    corrupted, spans = counts(length, density, mean)
    hidden, kept = segments(corrupted, spans), segments(length - corrupted, spans)
    return np.concatenate([np.repeat([0, 1], [gap, span]) for gap, span in zip(kept, hidden)])


def raw_length(inputs: int) -> tuple[int, int]:
    """The longest text whose input, with its end token, has at most so many tokens, and the length of its target."""

    def lengths(length: int) -> tuple[int, int]:
        corrupted, spans = counts(length)
        return length - corrupted + spans + 1, corrupted + spans + 1

    length = inputs - 1
    while lengths(length + 1)[0] <= inputs:
        length += 1
    return length, lengths(length)[1]


def main() -> None:
    draws = 100_000
    places = sum(mask(20) for _ in range(draws)) / draws
    cuts = Counter(",".join(map(str, segments(6, 3))) for _ in range(draws))
    raw = {inputs: raw_length(inputs) for inputs in (64, 128, 512)}
    assert raw[512] == (568, 114), raw  # the numbers that the authors' code states
    golden = {
        "numpy": np.__version__,
        "counts": [
            dict(zip(("length", "corrupted", "spans"), (length, *counts(length))))
            for length in (2, 3, 5, 10, 20, 30, 50, 64, 100, 128, 512, 568)
        ],
        "raw": [{"input": inputs, "length": length, "target": target} for inputs, (length, target) in raw.items()],
        "places": {"length": 20, "draws": draws, "share": [round(float(x), 4) for x in places]},
        "segments": {"items": 6, "segments": 3, "shares": {cut: count / draws for cut, count in sorted(cuts.items())}},
    }
    Path("test/data/golden/span-corruption.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
