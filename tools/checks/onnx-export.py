"""Runs an exported translator in Python's onnxruntime and compares it with Heed.

Without arguments a small random translator is made; or give a trained one. Build first, then from the root:

    python tools/checks/onnx-export.py [--model runs/de-en --sentences test.de]

Weights are once inside the ONNX files and once beside them. The onnx checker must accept all files; logits of every
step, with the cache and without, must be equal to 1e-4 and the greedy ids the same; the program in the exported
README.md must run. Exits with 1 if something differs.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

TOLERANCE = 1e-4


def open_session(path):
    onnx.checker.check_model(str(path), full_check=True)
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def run(session, feeds):
    return dict(zip([port.name for port in session.get_outputs()], session.run(None, feeds), strict=True))


def empty_past(decoder, rows):
    ports = [port for port in decoder.get_inputs() if port.name.startswith("past_key_values.")]
    return {port.name: np.zeros((rows, port.shape[1], 0, port.shape[3]), np.float32) for port in ports}


def read(encoder, source, expected):
    mask = (source != expected["paddingId"]).astype(np.int64)
    hidden = run(encoder, {"input_ids": source, "attention_mask": mask})["last_hidden_state"]
    return {"encoder_hidden_states": hidden, "encoder_attention_mask": mask}


def greedy(encoder, decoder, source, expected):
    """Token by token with the cache: ids, and the logits that each was chosen by."""
    once = read(encoder, np.array([source], np.int64), expected)
    past = empty_past(decoder, 1)
    ids, rows, token = [], [], expected["startId"]
    while len(ids) < expected["maximumLength"]:
        values = run(decoder, {"input_ids": np.array([[token]], np.int64), **once, **past})
        past = {name: values[name.replace("past_key_values.", "present.")] for name in past}
        rows.append(values["logits"][0, -1])
        allowed = rows[-1].copy()
        allowed[[expected["paddingId"], expected["startId"]]] = -np.inf
        token = int(allowed.argmax())
        ids.append(token)
        if token == expected["endId"]:
            break
    return ids, np.stack(rows)


def at_once(encoder, decoder, expected):
    """All sentences in one padded batch, all target positions in one step."""
    pad = lambda rows: np.array(  # noqa: E731
        [row + [expected["paddingId"]] * (max(map(len, rows)) - len(row)) for row in rows], np.int64
    )
    once = read(encoder, pad(expected["sources"]), expected)
    target = pad([[expected["startId"], *ids[:-1]] for ids in expected["greedy"]])
    return run(decoder, {"input_ids": target, **once, **empty_past(decoder, len(target))})["logits"]


def compare(folder, where):
    expected = json.loads((folder / "expected.json").read_text())
    logits = load_file(folder / "expected.safetensors")
    encoder, decoder = (
        open_session(folder / where / "onnx" / file) for file in ["encoder_model.onnx", "decoder_model_merged.onnx"]
    )
    batch = at_once(encoder, decoder, expected)
    same, largest = 0, 0.0
    for i, source in enumerate(expected["sources"]):
        ids, rows = greedy(encoder, decoder, source, expected)
        reference = logits[str(i)]
        same += ids == expected["greedy"][i]
        if rows.shape == reference.shape:
            largest = max(largest, float(np.abs(rows - reference).max()))
        largest = max(largest, float(np.abs(batch[i, : len(reference)] - reference).max()))
    count = len(expected["sources"])
    place = "beside" if where == "beside" else "inside"
    print(f"weights {place}: {same} of {count} greedy outputs equal; largest difference of a logit {largest:.2e}")
    return same == count and largest <= TOLERANCE


def run_readme(folder):
    program = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.S)[1]
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True)
    print(f"README's program: {(done.stdout or done.stderr).strip()[:100]!r}")
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model")
    parser.add_argument("--sentences", help="a sentence per line; the first 20 are translated")
    arguments = parser.parse_args()
    if (arguments.model is None) != (arguments.sentences is None):
        parser.error("--model and --sentences go together")
    with tempfile.TemporaryDirectory() as name:
        given = [arguments.model, arguments.sentences] if arguments.model else []
        script = str(Path(__file__).with_name("onnx-export.mjs"))
        subprocess.run(["node", script, name, *given], check=True)
        results = [compare(Path(name), "."), compare(Path(name), "beside"), run_readme(Path(name))]
    print(f"onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}: {'passed' if all(results) else 'FAILED'}")
    return 0 if all(results) else 1


sys.exit(main())
