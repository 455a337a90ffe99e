"""A lane: a GPT trained with AdamW by PyTorch, plain, compiled, in bf16, or as Hugging Face's GPT-2."""

import json
from contextlib import nullcontext

import torch
from gpt_model import Gpt, adamw, load
from lane import THREADS, serve
from torch.nn import functional as F


def hugging_face(shape, rate):
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=shape["vocabulary"],
        n_positions=shape["positions"],
        n_embd=shape["width"],
        n_layer=shape["layers"],
        n_head=shape["heads"],
        embd_pdrop=rate,
        attn_pdrop=rate,
        resid_pdrop=rate,
        use_cache=False,
    )
    return GPT2LMHeadModel(config)


def load_hugging_face(net, path):
    from safetensors import safe_open

    parameters = dict(net.named_parameters())
    with safe_open(path, "pt") as file, torch.no_grad():
        for name in file.keys():
            parameters[name].copy_(file.get_tensor(name))


def prepare(job):
    torch.set_num_threads(THREADS)
    torch.manual_seed(job["seed"])
    shape = job["shape"]
    size = (shape["batch"], shape["time"])
    with open(job["ids"], encoding="utf-8") as file:
        batches = [[torch.tensor(part[key]).view(size) for key in ("ids", "labels")] for part in json.load(file)]
    if job["kind"] == "hugging-face":
        net = hugging_face(shape, job["dropout"])
        load_hugging_face(net, job["weights"])
        logits_of = lambda ids: net(input_ids=ids).logits  # noqa: E731
    else:
        net = Gpt(shape, job["dropout"])
        load(net, job["weights"])
        logits_of = net

    def loss_of(ids, labels):
        return F.cross_entropy(logits_of(ids).flatten(0, 1), labels.flatten())

    run = torch.compile(loss_of) if job.get("compile") else loss_of
    cast = torch.autocast("cpu", torch.bfloat16) if job.get("bf16") else nullcontext()
    optimizer = adamw(net, job["adamW"])
    net.train()
    state = {"update": 0}

    def update():
        ids, labels = batches[state["update"] % len(batches)]
        state["update"] += 1
        optimizer.zero_grad(set_to_none=True)
        with cast:
            loss = run(ids, labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    def step():
        update()
        return shape["batch"] * shape["time"]

    losses = lambda count: {"losses": [update() for _ in range(count)]}  # noqa: E731
    return {"about": {"torch": torch.__version__}, "step": step, "losses": losses}


serve(prepare)
