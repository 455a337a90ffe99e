"""Runs what `heed export` writes of the goldens' models in Python's onnxruntime, beside the goldens.

Build first, then from the repository's root (onnxruntime, onnx, numpy, safetensors):

    python tools/checks/onnx-families.py [WORD ...]     folders with one of the words in their names; default: all

The onnx checker must accept every file; outputs must be equal to 1e-5 of the largest number, and greedy ids, written
token by token with the cache, the same. Exits with 1 if something differs.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors import safe_open

TOLERANCE = 1e-5
FAMILIES = Path("test/families")


def read_golden(folder):
    with safe_open(folder / "golden.safetensors", "np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()


def open_session(path):
    onnx.checker.check_model(str(path), full_check="quantized" not in path.name)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(session, known):
    ports = {port.name: port for port in session.get_inputs()}
    rows = len(next(iter(known.values())))
    feeds = {}
    for name, port in ports.items():
        if name in known:
            feeds[name] = known[name]
        else:
            sizes = [d if isinstance(d, int) else rows if d == "batch_size" else 0 for d in port.shape]
            feeds[name] = np.zeros(sizes, np.float32)
    return dict(zip([port.name for port in session.get_outputs()], session.run(None, feeds), strict=True))


def whole(array):
    return array if array.dtype == np.float32 else array.astype(np.int64)


def forward(session, golden):
    """The largest difference of an output, beside its largest number; None where none can be compared."""
    inputs = {name[7:]: whole(value) for name, value in golden.items() if name.startswith("inputs.")}
    ids = inputs.get("input_ids")
    if ids is not None:
        inputs.setdefault("position_ids", np.broadcast_to(np.arange(ids.shape[-1]), ids.shape))
        inputs.setdefault("attention_mask", np.ones_like(ids))
        inputs.setdefault("token_type_ids", np.zeros_like(ids))
    found = run(session, inputs)
    pairs = [(value, golden[f"outputs.{name}"]) for name, value in found.items() if f"outputs.{name}" in golden]
    differences = [np.abs(a - b).max() / max(1.0, np.abs(b).max()) for a, b in pairs]
    return max(differences) if differences else None


def greedy(sessions, golden, settings, arguments):
    """Ids of the golden's greedy case, written with the cache."""
    ids = golden["generate.greedy.inputs.input_ids"].astype(np.int64)
    decoder, fixed, written = sessions[-1], {}, ids
    if len(sessions) == 2:
        mask = np.ones_like(ids)
        fixed["encoder_attention_mask"] = mask
        hidden = run(sessions[0], {"input_ids": ids, "attention_mask": mask})
        fixed["encoder_hidden_states"] = hidden["last_hidden_state"]
        written = np.full((len(ids), 1), settings["decoder_start_token_id"], np.int64)
    past, read, limit = {}, 0, arguments["max_new_tokens"]
    for step in range(1, limit + 1):
        time = written.shape[1]
        places = np.broadcast_to(np.arange(read, time), (len(written), time - read))
        given = {"input_ids": written[:, read:], "attention_mask": np.ones_like(written), "position_ids": places}
        found = run(decoder, {**given, **fixed, **past})
        past = {name.replace("present", "past_key_values"): v for name, v in found.items() if name.startswith("present")}
        read = time
        scores = found["logits"][:, -1].copy()
        scores[:, [word[0] for word in settings.get("bad_words_ids") or []]] = -np.inf
        forced = settings.get("forced_bos_token_id") if step == 1 and len(sessions) == 2 else None
        if step == limit:
            forced = settings.get("forced_eos_token_id", forced)
        chosen = np.full(len(scores), forced) if forced is not None else scores.argmax(-1)
        written = np.concatenate([written, chosen[:, None]], 1)
    return written


def same_ids(found, expected, start, end):
    ends = end if isinstance(end, list) else [end]
    at = next((i for i, token in enumerate(expected) if i >= start and token in ends), len(expected) - 1)
    return list(found[: at + 1]) == list(expected[: at + 1])


def check(folder, out):
    golden, metadata = read_golden(folder)
    command = ["node", "bin/heed.js", "export", str(folder), "--out", str(out), "--class", metadata["model_class"]]
    files = json.loads(subprocess.run([*command, "--json"], check=True, capture_output=True, text=True).stdout)["files"]
    sessions = [open_session(out / file["file"]) for file in files]
    said, fine = [], True
    if len(sessions) == 1:
        worst = forward(sessions[0], golden)
        said.append(f"outputs within {worst:.1e}")
        fine = worst <= TOLERANCE
    if "generate.greedy.ids" in golden and "past_key_values.0" in str([p.name for s in sessions for p in s.get_inputs()]):
        settings = json.loads((folder / "generation_config.json").read_text())
        found = greedy(sessions, golden, settings, json.loads(metadata["generate.greedy"]))
        start = 1 if len(sessions) == 2 else golden["generate.greedy.inputs.input_ids"].shape[1]
        same = same_ids(found[0], golden["generate.greedy.ids"][0], start, settings.get("eos_token_id"))
        said.append("greedy ids equal" if same else "greedy ids DIFFER")
        fine = fine and same
    return fine, ", ".join(said) or "nothing to compare"


def main():
    words = sys.argv[1:]
    folders = [path.parent for path in sorted(FAMILIES.glob("*/golden.safetensors"))]
    chosen = [f for f in folders if "interpolated" not in f.name and (not words or any(w in f.name for w in words))]
    failed = 0
    for folder in chosen:
        with tempfile.TemporaryDirectory() as out:
            fine, said = check(folder, Path(out))
        failed += not fine
        print(f"{'ok     ' if fine else 'DIFFERS'} {folder.name}: {said}", flush=True)
    print(f"onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}: {len(chosen) - failed} of {len(chosen)} equal")
    return 1 if failed else 0


sys.exit(main())
