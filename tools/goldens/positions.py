"""Writes test/insight/golden/positions.json: what transformers computes of the positions of models in test/families.

    pip install torch transformers==5.23.0
    python tools/goldens/positions.py

Modules are called, not read, so that rows in front of the first place, layouts and scalings show.
"""

import json
from pathlib import Path

import torch
import transformers
from transformers import AutoModel

ROOT = Path(__file__).parents[2]
FAMILIES = ROOT / "test" / "families"
GOLDEN = ROOT / "test" / "insight" / "golden" / "positions.json"
PLACES = 7


def rows(tensor):
    return [[round(x, 7) for x in row] for row in tensor.detach().float().tolist()]


def load(name):
    return AutoModel.from_pretrained(FAMILIES / name).eval()


def looked_up(table, first=0):
    return rows(table(torch.arange(first, first + PLACES)))


def rotary(model):
    module = getattr(model, "rotary_emb", None) or model.rotary_embeddings
    cosines, sines = module(torch.zeros(1, PLACES, 1), torch.arange(1000, 1000 + PLACES)[None])
    half = cosines.shape[-1] // 2
    return {"from": 1000, "cosines": rows(cosines[0, :, :half]), "sines": rows(sines[0, :, :half])}


def biases(stack, places):
    attention = stack.block[0].layer[0].SelfAttention
    bias = attention.compute_bias(places, places)[0]  # [heads, queries, keys]
    return {"places": places, "biases": [rows(head) for head in bias]}


def main():
    bart, marian, roberta = load("bart-model"), load("marian-model"), load("roberta-model")
    opt, t5, vit = load("opt-causal-lm"), load("t5-model"), load("vit-model")
    tokens = torch.full((1, PLACES), 5)
    golden = {
        "transformers": transformers.__version__,
        "torch": torch.__version__.split("+")[0],
        "added": {
            "bert-model": looked_up(load("bert-model").embeddings.position_embeddings),
            "distilbert-masked-lm-sinusoidal": looked_up(
                load("distilbert-masked-lm-sinusoidal").embeddings.position_embeddings
            ),
            "gpt2-model": looked_up(load("gpt2-model").wpe),
            "bart-model": rows(bart.encoder.embed_positions(tokens)[0]),
            "marian-model": rows(marian.encoder.embed_positions(tokens.shape)),
            "opt-causal-lm": rows(opt.decoder.embed_positions(torch.ones(1, PLACES, dtype=torch.long), 0)[0]),
            "roberta-model": rows(
                roberta.embeddings.position_embeddings(
                    type(roberta.embeddings).create_position_ids_from_input_ids(
                        tokens, roberta.config.pad_token_id, 0
                    )
                )[0]
            ),
            "ctrl-model": rows(load("ctrl-model").pos_encoding[:PLACES]),
        },
        "rotary": {
            name: rotary(load(name))
            for name in ["llama-model", "llama-causal-lm-linear", "llama-causal-lm-llama3", "esm-model"]
        },
        "t5": {"encoder": biases(t5.encoder, 12), "decoder": biases(t5.decoder, 12)},
        "vit": rows(torch.nn.functional.cosine_similarity(*patch_pairs(vit), dim=-1)),
    }
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(json.dumps(golden) + "\n")


def patch_pairs(vit):
    """Each patch's position beside each other's, as figure 7 of the paper compares them."""
    table = vit.embeddings.position_embeddings[0, 1:]
    return table[:, None, :], table[None, :, :]


if __name__ == "__main__":
    main()
