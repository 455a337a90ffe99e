"""A lane: the translator trained by PyTorch on the batches that Heed trains on, or Hugging Face's Marian of its size."""

import json
from contextlib import nullcontext

import torch
from lane import THREADS, serve
from torch.nn import functional as F
from translation_model import Translator, load

IGNORED = -100


def padded(rows, fill):
    longest = max(map(len, rows))
    return torch.tensor([row + [fill] * (longest - len(row)) for row in rows])


def marian(sizes, rates):
    from transformers import MarianConfig, MarianMTModel

    return MarianMTModel(
        MarianConfig(
            vocab_size=sizes["vocabulary"],
            d_model=sizes["width"],
            encoder_layers=sizes["encoderLayers"],
            decoder_layers=sizes["decoderLayers"],
            encoder_ffn_dim=sizes["feedForward"],
            decoder_ffn_dim=sizes["feedForward"],
            encoder_attention_heads=sizes["heads"],
            decoder_attention_heads=sizes["heads"],
            dropout=rates["dropout"],
            attention_dropout=rates["attentionDropout"],
            activation_dropout=rates["activationDropout"],
            activation_function="relu",
            max_position_embeddings=512,
            scale_embedding=True,
            pad_token_id=0,
            decoder_start_token_id=1,
            eos_token_id=2,
            forced_eos_token_id=None,
        )
    )


def prepare(job):
    torch.set_num_threads(THREADS)
    torch.manual_seed(job["seed"])
    with open(job["idsPath"], encoding="utf-8") as file:
        data = json.load(file)
    sizes, rates, training = job["sizes"], job["rates"], job["training"]
    if job["kind"] == "marian":
        net = marian(sizes, rates)
        logits_of = lambda source, target: net(  # noqa: E731
            input_ids=source, attention_mask=(source != 0).long(), decoder_input_ids=target
        ).logits
    else:
        net = Translator(sizes, rates)
        if "weights" in job:
            load(net, job["weights"])
        logits_of = net

    def loss_of(source, target, labels):
        logits = logits_of(source, target)
        return F.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, label_smoothing=training["labelSmoothing"]
        )

    run = torch.compile(loss_of, dynamic=True) if job.get("compile") else loss_of
    cast = torch.autocast("cpu", torch.bfloat16) if job.get("bf16") else nullcontext()
    optimizer = torch.optim.Adam(net.parameters(), lr=1.0, betas=(0.9, 0.98), eps=1e-9, fused=True)
    net.train()
    state = {"update": 0, "epoch": 0, "at": 0}

    def batch():
        epochs = data["epochs"]
        if state["at"] == len(epochs[state["epoch"] % len(epochs)]):
            state["epoch"], state["at"] = state["epoch"] + 1, 0
        rows = epochs[state["epoch"] % len(epochs)][state["at"]]
        state["at"] += 1
        source = padded([data["source"][i] for i in rows], 0)
        target = [data["target"][i] for i in rows]
        return source, padded([[1] + row[:-1] for row in target], 0), padded(target, IGNORED), sum(map(len, target))

    def rate(update):
        warm, peak = training["warmUp"], training["learningRate"]
        if update < warm:
            return peak * update / warm
        if training["schedule"] == "inverse-sqrt":
            return peak * (max(warm, 1) / update) ** 0.5
        return peak * max(0.0, 1 - (update - 1) / training["updates"])

    def update():
        state["update"] += 1
        source, target, labels, tokens = batch()
        for group in optimizer.param_groups:
            group["lr"] = rate(state["update"])
        optimizer.zero_grad(set_to_none=True)
        with cast:
            loss = run(source, target, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        return loss.item(), tokens

    def train(count):
        import time

        start = time.perf_counter()
        mean = sum(update()[0] for _ in range(count)) / count
        return {"seconds": time.perf_counter() - start, "loss": mean}

    def greedy(sentences):
        net.eval()
        found = []
        for first in range(0, len(sentences), 100):
            source = padded(sentences[first : first + 100], 0)
            found += net.greedy(source, 1, 2, int(1.5 * source.shape[1]) + 20).tolist()
        net.train()
        return {"ids": [[i for i in row if i > 2] for row in found]}

    return {
        "about": {"torch": torch.__version__},
        "step": lambda: update()[1],
        "losses": lambda count: {"losses": [update()[0] for _ in range(count)]},
        "train": train,
        "greedy": greedy,
    }


serve(prepare)
