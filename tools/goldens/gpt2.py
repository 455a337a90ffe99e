"""Writes test/models/golden/gpt2.safetensors: logits, loss and every gradient of a tiny GPT-2 by transformers.

Run from the repository's root: python tools/goldens/gpt2.py   (needs torch, transformers, safetensors)

Parameters are float32; the model computes in float64, so the golden has no rounding of its own.
"""

import json

import torch
import transformers
from safetensors.torch import save_file
from torch.nn import functional as F

torch.manual_seed(5)
OURS = {"vocabulary": 23, "layers": 2, "width": 16, "heads": 4, "maxPositions": 9}
config = transformers.GPT2Config(
    vocab_size=23, n_layer=2, n_embd=16, n_head=4, n_positions=9, attn_implementation="eager", bos_token_id=0, eos_token_id=0
)
model = transformers.GPT2LMHeadModel(config).eval()
with torch.no_grad():
    for parameter in model.parameters():
        parameter.copy_(torch.randn_like(parameter) * 0.3 + (1 if parameter.ndim == 1 and parameter.mean() > 0.5 else 0))
tensors = {f"parameter.{name}": p.detach().clone() for name, p in model.named_parameters()}
model = model.double()
ids = torch.randint(0, 23, (3, 7))
labels = torch.randint(0, 23, (3, 7))
labels[2, 5:] = -100
logits = model(ids).logits
loss = F.cross_entropy(logits.reshape(-1, 23), labels.reshape(-1))
loss.backward()
tensors |= {f"gradient.{name}": p.grad.float() for name, p in model.named_parameters()}
tensors |= {"ids": ids.int(), "labels": labels.int(), "logits": logits.detach().float(), "loss": loss.detach().float()}
metadata = {"config": json.dumps(OURS), "reference": f"torch {torch.__version__.split('+')[0]}, transformers {transformers.__version__}"}
save_file({name: t.contiguous() for name, t in tensors.items()}, "test/models/golden/gpt2.safetensors", metadata=metadata)
print(f"loss {loss.item():.6f}, {len(tensors)} tensors")
