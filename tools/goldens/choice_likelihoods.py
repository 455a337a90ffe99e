"""Writes test/tasks/golden/choice-likelihoods.json: log-probabilities of continuations under the tiny GPT-2 and T5 of
test/families, by transformers, one continuation at a time.

    pip install torch==2.15.0 transformers==5.23.0
    python tools/goldens/choice_likelihoods.py
"""

import json
from pathlib import Path

import torch
import transformers
from transformers import GPT2LMHeadModel, T5ForConditionalGeneration

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "test" / "tasks" / "golden" / "choice-likelihoods.json"
PROMPTS = [[7, 8, 9, 10], [7, 8, 9, 10, 11, 12], [40], [5, 5, 6]]
CHOICES = [[11], [11, 12], [11, 13, 14], [20], [52, 3, 4, 9]]


def of_decoder(model: GPT2LMHeadModel, prompt: list, choice: list) -> list:
    logits = model(torch.tensor([prompt + choice])).logits[0].log_softmax(-1)
    return [float(logits[len(prompt) + i - 1, token]) for i, token in enumerate(choice)]


def of_pair(model: T5ForConditionalGeneration, prompt: list, choice: list) -> list:
    logits = model(input_ids=torch.tensor([prompt]), labels=torch.tensor([choice])).logits[0].log_softmax(-1)
    return [float(logits[i, token]) for i, token in enumerate(choice)]


def main() -> None:
    families = ROOT / "test" / "families"
    gpt2 = GPT2LMHeadModel.from_pretrained(families / "gpt2-causal-lm").eval()
    t5 = T5ForConditionalGeneration.from_pretrained(families / "t5-conditional-generation").eval()
    with torch.no_grad():
        cases = [
            {"prompt": prompt, "choice": choice, "gpt2": of_decoder(gpt2, prompt, choice), "t5": of_pair(t5, prompt, choice)}
            for prompt in PROMPTS
            for choice in CHOICES
        ]
    reference = f"torch {torch.__version__}, transformers {transformers.__version__}"
    GOLDEN.write_text(json.dumps({"reference": reference, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
