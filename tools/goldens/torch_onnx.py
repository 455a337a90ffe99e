"""Writes test/tasks/golden/torch-bert.onnx: the tiny BERT of test/families/bert-masked-lm as PyTorch exports it.

Needs torch, transformers and onnx (tools/goldens/families/requirements.txt). From the repository's root:

    python tools/goldens/torch_onnx.py
"""

import warnings
from pathlib import Path

import onnx
import torch
import transformers

warnings.filterwarnings("ignore")
folder = Path("test/families/bert-masked-lm")
out = Path("test/tasks/golden/torch-bert.onnx")
out.parent.mkdir(parents=True, exist_ok=True)
model = transformers.BertForMaskedLM.from_pretrained(folder, attn_implementation="eager").eval()
ids = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 12]])
inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
torch.onnx.export(
    model,
    tuple(inputs.values()),
    str(out),
    input_names=list(inputs),
    output_names=["logits"],
    dynamic_axes={name: {0: "batch_size", 1: "sequence_length"} for name in [*inputs, "logits"]},
    opset_version=17,
    dynamo=False,
)
written = onnx.load(str(out))
onnx.save(onnx.shape_inference.infer_shapes(written), str(out))
print(out, out.stat().st_size, f"torch {torch.__version__}, transformers {transformers.__version__}")
