"""A lane: generation by Hugging Face's Marian, or by JoeyNMT, of the size that Heed's translator has."""

import time
from types import SimpleNamespace

import torch
from lane import THREADS, serve

PAD, START, END = 0, 1, 2


def marian(job):
    from transformers import MarianConfig, MarianMTModel

    sizes = job["sizes"]
    config = MarianConfig(
        vocab_size=sizes["vocabulary"],
        d_model=sizes["width"],
        encoder_layers=sizes["encoderLayers"],
        decoder_layers=sizes["decoderLayers"],
        encoder_ffn_dim=sizes["feedForward"],
        decoder_ffn_dim=sizes["feedForward"],
        encoder_attention_heads=sizes["heads"],
        decoder_attention_heads=sizes["heads"],
        activation_function="relu",
        max_position_embeddings=512,
        scale_embedding=True,
        pad_token_id=PAD,
        decoder_start_token_id=START,
        eos_token_id=END,
        forced_eos_token_id=None,
    )
    model = MarianMTModel(config).eval()
    if job.get("bf16"):
        model = model.to(torch.bfloat16)

    def generate(source, beams, length):
        # The start token is in front of what is generated.
        found = model.generate(
            input_ids=source,
            attention_mask=torch.ones_like(source),
            num_beams=beams,
            do_sample=False,
            min_new_tokens=length,
            max_new_tokens=length,
        )
        return found[:, 1:]

    return generate


def joeynmt(job):
    import logging

    logging.disable(logging.CRITICAL)
    from joeynmt.model import build_model
    from joeynmt.search import search
    from joeynmt.vocabulary import Vocabulary

    sizes = job["sizes"]
    special = SimpleNamespace(
        unk_token="<unk>", pad_token="<pad>", bos_token="<s>", eos_token="</s>", sep_token=None, lang_tags=[],
        unk_id=0, pad_id=1, bos_id=2, eos_id=3, sep_id=None,
    )  # fmt: skip
    vocabulary = Vocabulary([f"t{i}" for i in range(sizes["vocabulary"] - 4)], special)
    stack = lambda layers: {  # noqa: E731
        "type": "transformer",
        "num_layers": layers,
        "num_heads": sizes["heads"],
        "hidden_size": sizes["width"],
        "ff_size": sizes["feedForward"],
        "layer_norm": "pre",
        "embeddings": {"embedding_dim": sizes["width"], "scale": True},
    }
    model = build_model(
        {
            "initializer": "xavier_uniform",
            "tied_embeddings": True,
            "tied_softmax": True,
            "encoder": stack(sizes["encoderLayers"]),
            "decoder": stack(sizes["decoderLayers"]),
        },
        vocabulary,
        vocabulary,
    ).eval()

    def generate(source, beams, length):
        rows, width = source.shape
        source = source.clone()
        source[:, -1] = 3
        batch = SimpleNamespace(
            src=source,
            src_length=torch.full((rows,), width),
            src_mask=torch.ones(rows, 1, width, dtype=torch.bool),
            has_trg=False,
            trg_prompt_mask=None,
            src_prompt_mask=None,
        )
        with torch.no_grad():
            found, _, _ = search(
                model, batch, length, beams, 1.0, min_output_length=length, return_prob="none", generate_unk=False
            )
        return found

    return generate


def prepare(job):
    torch.set_num_threads(THREADS)
    torch.manual_seed(job["seed"])
    generate = (joeynmt if job["kind"] == "joeynmt" else marian)(job)
    length = job["length"]

    def decode(batch, beams):
        source = torch.randint(4, job["sizes"]["vocabulary"], (batch, length))
        source[:, -1] = END
        found = generate(source, beams, length)
        if tuple(found.shape) != (batch, length):
            raise ValueError(f"expected {batch} sentences of {length} tokens, got {tuple(found.shape)}")
        return batch

    def turn(seconds, batch, beams):
        decode(batch, beams)
        steps, spent = [], 0.0
        while not steps or spent < seconds:
            start = time.perf_counter()
            work = decode(batch, beams)
            steps.append([time.perf_counter() - start, work])
            spent += steps[-1][0]
        return {"steps": steps}

    return {"about": {"torch": torch.__version__}, "turn": turn}


serve(prepare)
