"""Writes test/objectives/golden/replaced-tokens.safetensors: ELECTRA's joint loss and its gradients by transformers.

Two tiny models that share their embeddings, given tokens in the places of the hidden ones, some of them right, and for
each the number from [0, 1) that chooses it from the generator's distribution by cumulated probabilities.

Run from the repository's root: python tools/goldens/replaced_tokens.py   (needs torch, transformers, safetensors)
"""

import json
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import ElectraConfig, ElectraForMaskedLM, ElectraForPreTraining

WEIGHT = 50.0
MASK = 4
shared = {
    "vocab_size": 37,
    "embedding_size": 10,
    "num_hidden_layers": 2,
    "max_position_embeddings": 16,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "initializer_range": 0.5,
}
discriminator_config = ElectraConfig(**shared, hidden_size=12, num_attention_heads=2, intermediate_size=16)
generator_config = ElectraConfig(**shared, hidden_size=6, num_attention_heads=1, intermediate_size=8)


def models() -> tuple[ElectraForMaskedLM, ElectraForPreTraining]:
    torch.manual_seed(3)
    discriminator = ElectraForPreTraining(discriminator_config)
    generator = ElectraForMaskedLM(generator_config)
    generator.electra.embeddings = discriminator.electra.embeddings
    generator.generator_lm_head.weight = discriminator.electra.embeddings.word_embeddings.weight
    for parameter in [*generator.parameters(), *discriminator.parameters()]:
        torch.nn.init.normal_(parameter, std=0.5)
    return generator.eval(), discriminator.eval()


def main() -> None:
    generator, discriminator = models()
    original = torch.randint(5, 37, (3, 9))
    lengths = torch.tensor([9, 6, 7])
    attention = (torch.arange(9) < lengths[:, None]).long()
    types = torch.randint(0, 2, (3, 9)) * attention
    original = original * attention
    hidden = torch.zeros_like(original, dtype=torch.bool)
    for row, place in [(0, 1), (0, 4), (0, 8), (1, 2), (1, 5), (2, 3)]:
        hidden[row, place] = True
    masked = original.masked_fill(hidden, MASK)
    read = {"attention_mask": attention, "token_type_ids": types}

    logits = generator(masked, **read).logits[hidden]
    guessing = torch.nn.functional.cross_entropy(logits, original[hidden])
    probabilities = logits.detach().double().softmax(-1)
    sampled = torch.multinomial(probabilities, 1).squeeze(-1)
    sampled[::3] = original[hidden][::3]  # right guesses count as originals
    chosen = sampled.unsqueeze(-1)
    draws = probabilities.cumsum(-1).gather(-1, chosen) - probabilities.gather(-1, chosen) / 2

    shown = original.clone()
    shown[hidden] = sampled
    labels = (shown != original).long()
    judged = discriminator(shown, labels=labels, **read)
    loss = guessing + WEIGHT * judged.loss
    loss.backward()

    tensors = {
        "inputs.inputIds": masked,
        "inputs.attentionMask": attention,
        "inputs.tokenTypeIds": types,
        "inputs.originalIds": original,
        "hidden": hidden.long(),
        "inputs.draws": draws.squeeze(-1).float(),
        "shown": shown,
        "logits": judged.logits.detach(),
        "loss": loss.detach(),
        "generator": guessing.detach(),
        "discriminator": judged.loss.detach(),
    }
    front = "electra.embeddings."
    for prefix, model in [("", discriminator), ("generator.", generator)]:
        for name, parameter in model.named_parameters():
            if prefix != "" and (name.startswith(front) or name == "generator_lm_head.weight"):
                continue
            tensors[f"parameters.{prefix}{name}"] = parameter.detach()
            tensors[f"gradients.{prefix}{name}"] = parameter.grad
    tensors = {name: x.int() if x.dtype == torch.int64 else x for name, x in tensors.items()}
    metadata = {
        "transformers": transformers.__version__,
        "torch": torch.__version__,
        "weight": str(WEIGHT),
        "config": json.dumps({**discriminator_config.to_dict(), "architectures": ["ElectraForPreTraining"]}),
    }
    folder = Path("test/objectives/golden")
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: x.contiguous().clone() for name, x in tensors.items()}, folder / "replaced-tokens.safetensors", metadata)


if __name__ == "__main__":
    main()
