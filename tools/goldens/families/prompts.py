"""The calls of `generate` that every causal model is asked for."""

from collections.abc import Callable

import torch
from draw import Draw
from golden import Case

Inputs = dict[str, torch.Tensor]
Cases = Callable[[torch.nn.Module], dict[str, Case]]

PAD, END = 0, 1
STEPS = 8


def endings(model: torch.nn.Module, inputs: Inputs, rows: list[tuple[int, int]], end: int) -> list[int]:
    """The end token and what greedy search gives in these rows at these steps: ending there, rows and beams differ in length."""
    with torch.no_grad():
        made = model.generate(**inputs, max_new_tokens=STEPS, min_new_tokens=STEPS, do_sample=False)
    new = made[:, -STEPS:]
    return sorted({end, *(int(new[row, step]) for row, step in rows)})


def calls(one: Inputs, batch: Inputs, *, end: int = END) -> Cases:
    """Greedy search and beams, of one row and of several, with the constraints that generate takes."""
    greedy = {"do_sample": False, "max_new_tokens": STEPS}
    beams = {"do_sample": False, "max_new_tokens": STEPS, "num_beams": 3, "num_return_sequences": 3}

    def cases(model: torch.nn.Module) -> dict[str, Case]:
        ends = {"eos_token_id": endings(model, batch, [(0, 2), (1, 4)], end)}
        few = endings(model, one, [(0, 3)], end)
        some = {"eos_token_id": few}
        best = {**beams, **ends, "num_return_sequences": 1}
        unwanted = [6, *(token for token in few if token != end)]
        return {
            "greedy": Case(one, greedy),
            "batched": Case(batch, greedy),
            "ends": Case(batch, greedy | ends),
            "minimum": Case(batch, greedy | ends | {"min_new_tokens": 4}),
            "repetition": Case(batch, greedy | {"repetition_penalty": 1.6}),
            "no_repeat": Case(batch, greedy | {"no_repeat_ngram_size": 2}),
            "forced": Case(one, greedy | {"forced_eos_token_id": end, "suppress_tokens": unwanted}),
            "beams": Case(one, beams | some | {"length_penalty": 0.6, "early_stopping": False}),
            "beams_long": Case(one, beams | some | {"length_penalty": 2.0, "early_stopping": "never"}),
            "beams_early": Case(batch, best | {"length_penalty": 0.6, "early_stopping": True}),
            "beams_batched": Case(batch, best | {"length_penalty": 1.5, "early_stopping": False, "no_repeat_ngram_size": 2}),
        }

    return cases


def prompted(draw: Draw, *, masked: bool = True) -> Cases:
    """Prompts of 4 tokens, and of 5, 3 and 2 padded on the left (`masked`; else three of 3)."""
    one = {"input_ids": draw.integers(5, draw.vocabulary, 1, 4)}
    batch = draw.text([3, 5, 2], left=True) if masked else {"input_ids": draw.integers(5, draw.vocabulary, 3, 3)}
    return calls(one, batch)
