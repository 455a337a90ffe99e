"""Writes test/models/golden/esm-contacts.json: contacts of the ESM checkpoints of test/families by transformers.

Run from the repository's root: python tools/goldens/esm_contacts.py   (needs torch, transformers, safetensors)
"""

import json
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file
from transformers import EsmForMaskedLM

FOLDERS = ["esm-masked-lm", "esm-masked-lm-absolute"]


def contacts(folder: Path) -> list[list[list[float]]]:
    """(B, R, R) for the inputs of the folder's golden file."""
    model = EsmForMaskedLM.from_pretrained(folder, attn_implementation="eager").eval()
    golden = load_file(folder / "golden.safetensors")
    with torch.no_grad():
        found = model.predict_contacts(golden["inputs.input_ids"], golden["inputs.attention_mask"])
    return [[[round(x, 7) for x in row] for row in text] for text in found.tolist()]


def main() -> None:
    found = {name: contacts(Path("test/families") / name) for name in FOLDERS}
    stamped = {"library": "transformers", "version": transformers.__version__, "contacts": found}
    Path("test/models/golden/esm-contacts.json").write_text(json.dumps(stamped) + "\n")


if __name__ == "__main__":
    main()
