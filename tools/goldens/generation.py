"""Writes test/generation/golden/marian.safetensors: a tiny random MarianMTModel and what `generate` makes of it, and
which tokens the processors of sampling leave.

    pip install torch==2.15.0 transformers==5.23.0 safetensors numpy
    python tools/goldens/generation.py
"""

import json
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import MarianConfig, MarianMTModel
from transformers.generation import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

GOLDEN = Path(__file__).parents[2] / "test" / "generation" / "golden" / "marian.safetensors"
VOCABULARY, PAD, END, LENGTH = 41, 40, 0, 12
SEED, PUSH = 18, 0.8

RUNS = {
    "greedy": {},
    "greedy, at least 6 tokens": {"min_new_tokens": 6},
    "greedy, repetition penalty 1.5": {"repetition_penalty": 1.5},
    "2 beams": {"num_beams": 2},
    "4 beams": {"num_beams": 4, "num_return_sequences": 4},
    "4 beams, length penalty 0": {"num_beams": 4, "length_penalty": 0.0},
    "4 beams, length penalty 0.6": {"num_beams": 4, "length_penalty": 0.6, "num_return_sequences": 2},
    "4 beams, length penalty 2": {"num_beams": 4, "length_penalty": 2.0, "num_return_sequences": 4},
    "4 beams, length penalty -1": {"num_beams": 4, "length_penalty": -1.0, "num_return_sequences": 4},
    "4 beams, early stopping": {"num_beams": 4, "early_stopping": True, "num_return_sequences": 4},
    "4 beams, never stopping": {"num_beams": 4, "early_stopping": "never", "num_return_sequences": 4},
    "3 beams, repetition penalty 1.5": {"num_beams": 3, "repetition_penalty": 1.5, "num_return_sequences": 3},
    "3 beams, at least 6 tokens": {"num_beams": 3, "min_new_tokens": 6, "num_return_sequences": 3},
}

PROCESSORS = {
    "temperature 0.5": [TemperatureLogitsWarper(0.5)],
    "top-k 5": [TopKLogitsWarper(5)],
    "top-p 0.8": [TopPLogitsWarper(0.8)],
    "min-p 0.1": [MinPLogitsWarper(0.1)],
    "repetition penalty 1.3": [RepetitionPenaltyLogitsProcessor(1.3)],
    "all": [
        RepetitionPenaltyLogitsProcessor(1.3),
        TemperatureLogitsWarper(1.4),
        TopKLogitsWarper(20),
        TopPLogitsWarper(0.9),
        MinPLogitsWarper(0.05),
    ],
}


def tiny_model() -> MarianMTModel:
    config = MarianConfig(
        vocab_size=VOCABULARY, d_model=16, encoder_layers=2, decoder_layers=2, encoder_ffn_dim=24, decoder_ffn_dim=24,
        encoder_attention_heads=2, decoder_attention_heads=2, max_position_embeddings=32, activation_function="silu",
        scale_embedding=True, dropout=0.0, pad_token_id=PAD, eos_token_id=END, decoder_start_token_id=PAD,
        forced_eos_token_id=None,
    )
    model = MarianMTModel(config).eval()
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "embed_positions" in name:
                continue
            if "norm" in name:
                parameter.copy_(0.1 * noise + (1 if name.endswith("weight") else 0))
            else:
                parameter.copy_(noise * (0.35 if "shared" in name else 0.2 if name.endswith("bias") else 0.5))
        # Peaked distributions, and a push towards the end token: else few sentences of a random model would end.
        last = model.model.decoder.layers[-1].final_layer_norm
        last.weight *= 2.5
        last.bias += PUSH * model.model.shared.weight[END]
    return model


def sentences() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    lengths = [5, 1, 8, 3, 8, 6, 2, 4]
    rows = torch.full((len(lengths), max(lengths)), PAD)
    for row, length in zip(rows, lengths):
        row[:length] = torch.randint(1, PAD, (length,), generator=generator)
        row[length - 1] = END
    return rows


def results(model: MarianMTModel, source: torch.Tensor, options: dict) -> list:
    with torch.no_grad():
        output = model.generate(
            source, attention_mask=(source != PAD).long(), max_new_tokens=LENGTH, do_sample=False,
            bad_words_ids=[[PAD]], return_dict_in_generate=True, output_scores=True, output_logits=True, **options,
        )
    found = []
    for row, sequence in enumerate(output.sequences.tolist()):
        tokens = sequence[1:]
        length = tokens.index(END) + 1 if END in tokens else len([token for token in tokens if token != PAD])
        if "num_beams" in options:
            score = output.sequences_scores[row].item()
        else:
            chosen = [output.logits[t][row].log_softmax(-1)[tokens[t]].item() for t in range(length)]
            score = sum(chosen) / length
        found.append({"ids": tokens[:length], "score": score})
    each = options.get("num_return_sequences", 1)
    return [found[i : i + each] for i in range(0, len(found), each)]


def processed() -> dict:
    generator = torch.Generator().manual_seed(2)
    scores = 3 * torch.randn(3, VOCABULARY, generator=generator)
    history = torch.randint(0, VOCABULARY, (3, 6), generator=generator)
    after = {}
    for name, processors in PROCESSORS.items():
        rows = LogitsProcessorList(processors)(history, scores.clone()).tolist()
        after[name] = [[None if value == -float("inf") else round(value, 5) for value in row] for row in rows]
    return {"scores": scores.tolist(), "history": history.tolist(), "after": after}


def main() -> None:
    model, source = tiny_model(), sentences()
    runs = {name: {"options": options, "rows": results(model, source, options)} for name, options in RUNS.items()}
    tensors = {
        name: parameter.detach().clone()
        for name, parameter in model.named_parameters()
        if "embed_positions" not in name
    }
    metadata = {
        "reference": f"transformers {transformers.__version__}, torch {torch.__version__}",
        "settings": json.dumps({"vocabulary": VOCABULARY, "pad": PAD, "end": END, "length": LENGTH}),
        "runs": json.dumps(runs),
        "processed": json.dumps(processed()),
    }
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    save_file({**tensors, "source": source.to(torch.int32)}, GOLDEN, metadata=metadata)
    for name, run in runs.items():
        print(name, [[len(one["ids"]) for one in row] for row in run["rows"]])


if __name__ == "__main__":
    main()
