"""Opens in Python's peft the adapters that Heed trained, and compares logits, merged ones too.

Run from the repository's root, built: python tools/checks/trained-adapters.py [ADAPTER ROWS.tsv]
With a folder that heed finetune --lora wrote, and a table of texts: that one instead of small ones made here.
Needs node, torch, transformers 5.23, peft, safetensors.
"""

import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import torch
import transformers
from peft import PeftModel
from safetensors.torch import load_file

TOLERANCE = 1e-4


def check(run: dict) -> dict:
    """One adapter on its base: the largest difference, of the largest logit above 1, and what peft says while it loads."""
    transformers.logging.set_verbosity_error()
    stored = load_file(Path(run["adapter"]) / "computed.safetensors")
    inputs = {name: stored[name].long() for name in ("input_ids", "attention_mask")}
    base = transformers.AutoModelForSequenceClassification.from_pretrained(run["base"], num_labels=2).eval()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = PeftModel.from_pretrained(base, run["adapter"]).eval()
    with torch.no_grad():
        logits = model(**inputs).logits
        merged = model.merge_and_unload()(**inputs).logits
    # Large logits: Python's own, merged and not, differ by more than they differ from Heed's.
    scale = max(1.0, stored["logits"].abs().max().item())
    worst = max((one - stored["logits"]).abs().max().item() for one in (logits, merged)) / scale
    return {"worst": worst, "spread": logits.std().item(), "said": [str(one.message) for one in caught]}


def main() -> int:
    bad = 0
    print("| base | largest difference | spread of the logits | what peft says |\n| - | - | - | - |")
    with tempfile.TemporaryDirectory() as out:
        made = subprocess.run(["node", "tools/checks/trained-adapters.mjs", out, *sys.argv[1:]], check=True, stdout=subprocess.PIPE, text=True)
        for line in made.stdout.splitlines():
            run = json.loads(line)
            result = check(run)
            bad += result["worst"] > TOLERANCE
            said = "; ".join(result["said"]).replace("|", "/").replace("\n", " ") or "nothing"
            print(f"| {run['name']} | {result['worst']:.1e} | {result['spread']:.3f} | {said} |")
    print(f"\n{bad} not as they should be." if bad else "\nAll as they should be.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
