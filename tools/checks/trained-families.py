"""Opens in Python what Heed trained: every checkpoint of test/families after ten updates, without warnings, with equal outputs.

Run from the repository's root, built: python tools/checks/trained-families.py [NAME…]
Needs node, torch, transformers 5.23, safetensors; for Transformer-XL HEED_OLD_PYTHON, a Python with transformers 4.35.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

TOLERANCE = 1e-4
FAMILIES = Path("test/families")


def opened(folder: Path, name: str) -> tuple:
    """A folder as a model, and what the library says while it opens it."""
    import transformers

    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    transformers.logging.set_verbosity_warning()
    logger = logging.getLogger("transformers")
    logger.handlers[:] = [Listener(level=logging.WARNING)]
    eager = {"attn_implementation": "eager"} if transformers.__version__ >= "5" else {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model, info = getattr(transformers, name).from_pretrained(folder, output_loading_info=True, **eager)
        said += [str(one.message) for one in caught]
    logger.handlers.clear()
    return model.eval(), said + [f"{key}: {sorted(map(str, value))}" for key, value in info.items() if value]


def check(folder: Path) -> dict:
    """Opens one folder and compares its outputs. What the library says of the folder that it wrote itself is left out."""
    import torch
    import transformers
    from safetensors import safe_open
    from safetensors.torch import load_file

    stored = load_file(folder / "trained.safetensors")
    with safe_open(folder / "trained.safetensors", "pt") as file:
        name = file.metadata()["model_class"]
    own = {line.replace(str(FAMILIES / folder.name), "") for line in opened(FAMILIES / folder.name, name)[1]}
    model, said = opened(folder, name)
    said = [line for line in said if line.replace(str(folder), "") not in own]
    inputs = {key.removeprefix("inputs."): value for key, value in stored.items() if key.startswith("inputs.")}
    inputs = {key: value.long() if value.dtype == torch.int32 else value for key, value in inputs.items()}
    if "bool_masked_pos" in inputs:
        inputs["bool_masked_pos"] = inputs["bool_masked_pos"].bool()
    with torch.no_grad():
        outputs = model(**inputs, return_dict=True)
    worst = 0.0
    compared = 0
    for key, ours in stored.items():
        theirs = getattr(outputs, key.removeprefix("outputs."), None) if key.startswith("outputs.") else None
        if not isinstance(theirs, torch.Tensor) or theirs.shape != ours.shape:
            continue
        difference = (ours - theirs).abs()
        mask = inputs.get("attention_mask")
        if mask is not None and "decoder_input_ids" not in inputs and difference.dim() >= 2 and difference.shape[:2] == mask.shape:
            difference = difference[mask.bool()]
        worst = max(worst, (difference.max() / max(1.0, theirs.abs().max())).item())
        compared += 1
    return {"class": name, "version": transformers.__version__, "compared": compared, "worst": worst, "warnings": said}


def checks(folders: list[Path]) -> dict[str, dict]:
    """The check of each folder, in a Python that knows its family: Transformer-XL is gone from new versions."""
    groups: dict[str, list[str]] = {}
    for folder in folders:
        old = json.loads((folder / "config.json").read_text())["model_type"] == "transfo-xl"
        python = os.environ.get("HEED_OLD_PYTHON", sys.executable) if old else sys.executable
        groups.setdefault(python, []).append(str(folder))
    found = {}
    for python, paths in groups.items():
        answer = subprocess.run([python, __file__, "--check", *paths], capture_output=True, text=True)
        for line in answer.stdout.splitlines():
            if line.startswith("{"):
                result = json.loads(line)
                found[result["folder"]] = result
    return found


def main(names: list[str]) -> int:
    """Trains with node, checks with Python, prints a table."""
    bad = 0
    print("| checkpoint | class | transformers | loss, first and tenth update | outputs | largest difference | warnings |")
    print("| - | - | - | - | - | - | - |")
    with tempfile.TemporaryDirectory() as out:
        trained = subprocess.run(
            ["node", "tools/checks/trained-families.mjs", out, *names], check=True, stdout=subprocess.PIPE, text=True
        )
        runs = [json.loads(line) for line in trained.stdout.splitlines()]
        results = checks([Path(out) / run["name"] for run in runs])
        for run in runs:
            result = results.get(str(Path(out) / run["name"]), {"error": "no answer"})
            if "error" in result:
                bad += 1
                print(f"| {run['name']} | {run['className']} | | | | | failed: {result['error']} |")
                continue
            bad += not (result["compared"] > 0 and result["worst"] <= TOLERANCE and not result["warnings"])
            said = "; ".join(result["warnings"]).replace("|", "/").replace("\n", " ") or "none"
            print(
                f"| {run['name']} | {result['class']} | {result['version']} | {run['first']:.4f}, {run['last']:.4f} "
                f"| {result['compared']} | {result['worst']:.1e} | {said} |"
            )
    print(f"\n{bad} not as they should be." if bad else "\nAll as they should be.")
    return 1 if bad else 0


def answer(path: str) -> dict:
    """The check of one folder; what went wrong in it, where something did."""
    try:
        return {"folder": path, **check(Path(path))}
    except Exception as error:
        return {"folder": path, "error": f"{type(error).__name__}: {error}".replace("\n", " ")}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        for each in sys.argv[2:]:
            print(json.dumps(answer(each)), flush=True)
        sys.exit(0)
    sys.exit(main(sys.argv[1:]))
