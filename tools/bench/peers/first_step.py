"""From nothing to the first training step of the smallest GPT: plain PyTorch, or Hugging Face's GPT-2."""

import json
import sys

import torch

job = json.loads(sys.argv[1])
shape = job["shape"]
torch.set_num_threads(2)
torch.manual_seed(job["seed"])
ids = torch.randint(shape["vocabulary"], (shape["batch"], shape["time"]))
if job["kind"] == "hugging-face":
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=shape["vocabulary"],
        n_positions=shape["positions"],
        n_embd=shape["width"],
        n_layer=shape["layers"],
        n_head=shape["heads"],
        use_cache=False,
    )
    net = GPT2LMHeadModel(config)
    logits = net(input_ids=ids).logits
else:
    from gpt_model import Gpt

    net = Gpt(shape)
    logits = net(ids)
optimizer = torch.optim.AdamW(net.parameters(), fused=True)
torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids.flatten()).backward()
optimizer.step()
