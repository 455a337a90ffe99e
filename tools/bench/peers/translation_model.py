"""The Transformer that Heed's translator is, in plain PyTorch: pre-norm, tied embeddings, interleaved sinusoids.

Parameters have the names of Heed's files, so weights load as they are. Attention is PyTorch's fused one.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.q_proj, self.k_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.v_proj, self.out_proj = nn.Linear(width, width), nn.Linear(width, width)

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, x, memory, mask=None, causal=False):
        q, k, v = self.split(self.q_proj(x)), self.split(self.k_proj(memory)), self.split(self.v_proj(memory))
        rate = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal, dropout_p=rate)
        return self.out_proj(y.transpose(1, 2).reshape(x.shape))


class Layer(nn.Module):
    def __init__(self, width, hidden, heads, rates, crosses):
        super().__init__()
        self.rates = rates
        self.self_attn = Attention(width, heads, rates["attentionDropout"])
        self.self_attn_layer_norm = nn.LayerNorm(width)
        if crosses:
            self.encoder_attn = Attention(width, heads, rates["attentionDropout"])
            self.encoder_attn_layer_norm = nn.LayerNorm(width)
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.final_layer_norm = nn.LayerNorm(width)

    def drop(self, x, rate="dropout"):
        return F.dropout(x, self.rates[rate], self.training)

    def forward(self, x, mask, memory=None):
        y = self.self_attn_layer_norm(x)
        causal = memory is not None
        x = x + self.drop(self.self_attn(y, y, None if causal else mask, causal))
        if memory is not None:
            x = x + self.drop(self.encoder_attn(self.encoder_attn_layer_norm(x), memory, mask))
        y = self.drop(F.relu(self.fc1(self.final_layer_norm(x))), "activationDropout")
        return x + self.drop(self.fc2(y))


class Stack(nn.Module):
    def __init__(self, layers, crosses, sizes, rates):
        super().__init__()
        make = lambda: Layer(sizes["width"], sizes["feedForward"], sizes["heads"], rates, crosses)  # noqa: E731
        self.layers = nn.ModuleList([make() for _ in range(layers)])
        self.layer_norm = nn.LayerNorm(sizes["width"])

    def forward(self, x, mask, memory=None):
        for layer in self.layers:
            x = layer(x, mask, memory)
        return self.layer_norm(x)


class Body(nn.Module):
    def __init__(self, sizes, rates):
        super().__init__()
        self.shared = nn.Embedding(sizes["vocabulary"], sizes["width"])
        nn.init.normal_(self.shared.weight, std=sizes["width"] ** -0.5)
        self.encoder = Stack(sizes["encoderLayers"], False, sizes, rates)
        self.decoder = Stack(sizes["decoderLayers"], True, sizes, rates)


def sinusoids(count, width):
    angles = torch.arange(count)[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
    return torch.stack([angles.sin(), angles.cos()], -1).reshape(count, width)


class Translator(nn.Module):
    """Logits [B, T, V] from source ids [B, S] and target ids [B, T]."""

    def __init__(self, sizes, rates, padding=0):
        super().__init__()
        self.rate, self.padding, self.scale = rates["dropout"], padding, math.sqrt(sizes["width"])
        self.model = Body(sizes, rates)
        self.register_buffer("positions", sinusoids(512, sizes["width"]), persistent=False)

    def embed(self, ids):
        x = self.model.shared(ids) * self.scale + self.positions[: ids.shape[1]]
        return F.dropout(x, self.rate, self.training)

    def forward(self, source, target):
        mask = (source != self.padding)[:, None, None, :]
        memory = self.model.encoder(self.embed(source), mask)
        hidden = self.model.decoder(self.embed(target), mask, memory)
        return F.linear(hidden, self.model.shared.weight)

    @torch.no_grad()
    def greedy(self, source, start, end, most):
        """Ids of the most probable tokens, without a cache: it is not timed."""
        ids = torch.full((source.shape[0], 1), start)
        open_rows = torch.ones(source.shape[0], dtype=torch.bool)
        mask = (source != self.padding)[:, None, None, :]
        memory = self.model.encoder(self.embed(source), mask)
        for _ in range(most):
            hidden = self.model.decoder(self.embed(ids), mask, memory)[:, -1]
            logits = F.linear(hidden, self.model.shared.weight)
            logits[:, [self.padding, start]] = -math.inf
            following = torch.where(open_rows, logits.argmax(-1), self.padding)
            ids = torch.cat([ids, following[:, None]], 1)
            open_rows &= following != end
            if not open_rows.any():
                break
        return ids[:, 1:]


def load(model, path):
    """Copies the weights that Heed starts from; afterwards nothing of the file is in memory."""
    from safetensors import safe_open

    parameters = dict(model.named_parameters())
    with safe_open(path, "pt") as file, torch.no_grad():
        assert set(file.keys()) == set(parameters), set(file.keys()) ^ set(parameters)
        for name in file.keys():
            parameters[name].copy_(file.get_tensor(name))
