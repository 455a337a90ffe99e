"""GPT-2 in plain PyTorch, as small as it gets: one product for queries, keys and values, PyTorch's fused attention."""

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, width, heads, rate):
        super().__init__()
        self.heads, self.rate = heads, rate
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.ModuleDict({"c_attn": nn.Linear(width, 3 * width), "c_proj": nn.Linear(width, width)})
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)})

    def drop(self, x):
        return F.dropout(x, self.rate, self.training)

    def forward(self, x):
        batch, time, width = x.shape
        parts = self.attn["c_attn"](self.ln_1(x)).split(width, 2)
        q, k, v = (part.view(batch, time, self.heads, -1).transpose(1, 2) for part in parts)
        rate = self.rate if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=rate)
        x = x + self.drop(self.attn["c_proj"](y.transpose(1, 2).reshape(batch, time, width)))
        inner = F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh")
        return x + self.drop(self.mlp["c_proj"](inner))


class Gpt(nn.Module):
    """Logits [B, T, V] from ids [B, T]; the output layer is the table of the tokens."""

    def __init__(self, shape, rate=0.0):
        super().__init__()
        width = shape["width"]
        self.rate = rate
        self.wte, self.wpe = nn.Embedding(shape["vocabulary"], width), nn.Embedding(shape["positions"], width)
        self.h = nn.ModuleList([Block(width, shape["heads"], rate) for _ in range(shape["layers"])])
        self.ln_f = nn.LayerNorm(width)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, ids):
        x = self.wte(ids) + self.wpe.weight[: ids.shape[1]]
        x = F.dropout(x, self.rate, self.training)
        for block in self.h:
            x = block(x)
        return F.linear(self.ln_f(x), self.wte.weight)


def load(model, path):
    """Copies the weights that Heed starts from: GPT-2's files have products the other way round, [in, out]."""
    from safetensors import safe_open

    parameters = {f"transformer.{name}": parameter for name, parameter in model.named_parameters()}
    with safe_open(path, "pt") as file, torch.no_grad():
        assert set(file.keys()) == set(parameters), set(file.keys()) ^ set(parameters)
        for name in file.keys():
            value = file.get_tensor(name)
            turned = ".c_" in name and value.dim() == 2
            parameters[name].copy_(value.T if turned else value)


def adamw(model, settings):
    """PyTorch's AdamW, fused; matrices decay, biases and norms do not."""
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": settings["weightDecay"]}, {"params": others, "weight_decay": 0.0}]
    betas = (settings["beta1"], settings["beta2"])
    return torch.optim.AdamW(groups, lr=settings["learningRate"], betas=betas, eps=settings["epsilon"], fused=True)
