"""Asks the checker of the onnx package, with full shape inference, about every file of a folder.

    node tools/checks/onnx-files.mjs FOLDER && python tools/checks/onnx-checker.py FOLDER
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

folder = pathlib.Path(sys.argv[1])
files = sorted(folder.glob("*.onnx"))
refused = 0
for file in files:
    try:
        onnx.checker.check_model(str(file), full_check=True)
    except Exception as error:
        refused += 1
        print(f"{file.name}: {error}")
print(f"onnx {onnx.__version__}: {len(files) - refused} of {len(files)} files accepted")

x = np.arange(12, dtype=np.float32).reshape(4, 3)
results = []
for name in ("weights-inside", "weights-beside"):
    session = onnxruntime.InferenceSession(folder / f"{name}.onnx", providers=["CPUExecutionProvider"])
    results.append(session.run(["y"], {"x": x})[0])
expected = x @ np.arange(1, 7, dtype=np.float32).reshape(2, 3).T
same = all(np.array_equal(result, expected) for result in results)
print(f"onnxruntime {onnxruntime.__version__}: weights inside and beside give {'the same' if same else 'DIFFERENT'} results")
sys.exit(0 if refused == 0 and same and files else 1)
