"""A lane: forward passes of an encoder by Hugging Face's transformers, eager or compiled, without gradients."""

from contextlib import nullcontext

import torch
from lane import THREADS, round_of, serve

LENGTH, EDGE = 128, 224


def inputs_of(kind, batch):
    if kind == "text":
        ids = (torch.arange(batch * LENGTH) % 997 + 1000).view(batch, LENGTH)
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    numbers = torch.arange(batch * 3 * EDGE * EDGE) * 7919 % 1000
    return {"pixel_values": (numbers / 500 - 1).float().view(batch, 3, EDGE, EDGE)}


def prepare(job):
    from transformers import AutoModelForImageClassification, BertModel

    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    kind = job["kind"]
    opened = BertModel if kind == "text" else AutoModelForImageClassification
    model = opened.from_pretrained(job["folder"]).eval()
    run = torch.compile(model) if job.get("compile") else model
    cast = torch.autocast("cpu", torch.bfloat16) if job.get("bf16") else nullcontext()

    def forward(batch):
        with torch.inference_mode(), cast:
            found = run(**inputs_of(kind, batch))
        return found.last_hidden_state if kind == "text" else found.logits

    def turn(batch, seconds):
        def step():
            forward(batch)
            return batch

        step()
        return round_of(step, seconds)

    check = lambda: {"values": forward(1).flatten()[:64].float().tolist()}  # noqa: E731
    return {"about": {"torch": torch.__version__}, "turn": turn, "check": check}


serve(prepare)
