"""Writes test/models/golden/transformer-*.safetensors: loss, logits and every gradient of whole Transformers by PyTorch.

Run from the repository's root: python tools/goldens/transformer.py   (needs torch, safetensors)

The module below is plain PyTorch, its parameters named as ours are. Parameters and inputs are float32; PyTorch
computes in float64, so the golden has no rounding of its own. That the module is the usual Transformer is checked
against torch.nn.TransformerEncoder and torch.nn.TransformerDecoder before anything is written.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

GOLDEN = Path("test/models/golden")
PADDING, START, END, IGNORED, SMOOTHING = 0, 1, 2, -100, 0.1
SOURCE_LENGTHS, TARGET_LENGTHS = (7, 5, 3), (4, 6, 5)


@dataclass(frozen=True)
class Config:
    """The keys of our config that the golden varies, by our names."""

    vocabulary: int = 23
    targetVocabulary: int | None = None
    encoderLayers: int = 2
    decoderLayers: int = 2
    width: int = 16
    feedForward: int = 32
    heads: int = 4
    activation: str = "relu"
    normalization: str = "post"
    positions: str = "interleaved"
    tiedEmbeddings: str = "all"
    maxPositions: int = 9
    normEpsilon: float = 1e-5

    @property
    def targets(self) -> int:
        return self.targetVocabulary or self.vocabulary


VARIANTS = {
    "paper": Config(),
    "pre-norm": Config(
        activation="gelu", normalization="pre", positions="learned", tiedEmbeddings="output", targetVocabulary=19
    ),
    "halves": Config(activation="silu", positions="halves", tiedEmbeddings="none", normEpsilon=1e-3),
}
ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu, "silu": F.silu}


class Attention(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.heads = config.heads
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(self, name, nn.Linear(config.width, config.width))

    def forward(self, x: Tensor, memory: Tensor, allowed: Tensor) -> Tensor:
        def heads(y: Tensor) -> Tensor:
            return y.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        q, k, v = heads(self.q_proj(x)), heads(self.k_proj(memory)), heads(self.v_proj(memory))
        context = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed)
        return self.out_proj(context.transpose(1, 2).flatten(-2))


class Layer(nn.Module):
    def __init__(self, config: Config, decoder: bool):
        super().__init__()
        self.config = config
        self.self_attn = Attention(config)
        self.self_attn_layer_norm = nn.LayerNorm(config.width, config.normEpsilon)
        if decoder:
            self.encoder_attn = Attention(config)
            self.encoder_attn_layer_norm = nn.LayerNorm(config.width, config.normEpsilon)
        self.fc1 = nn.Linear(config.width, config.feedForward)
        self.fc2 = nn.Linear(config.feedForward, config.width)
        self.final_layer_norm = nn.LayerNorm(config.width, config.normEpsilon)

    def residual(self, norm: nn.LayerNorm, x: Tensor, sublayer) -> Tensor:
        return x + sublayer(norm(x)) if self.config.normalization == "pre" else norm(x + sublayer(x))

    def forward(self, x: Tensor, allowed: Tensor, memory: Tensor | None, memory_allowed: Tensor | None) -> Tensor:
        x = self.residual(self.self_attn_layer_norm, x, lambda y: self.self_attn(y, y, allowed))
        if memory is not None:
            x = self.residual(
                self.encoder_attn_layer_norm, x, lambda y: self.encoder_attn(y, memory, memory_allowed)
            )
        activation = ACTIVATIONS[self.config.activation]
        return self.residual(self.final_layer_norm, x, lambda y: self.fc2(activation(self.fc1(y))))


class Stack(nn.Module):
    def __init__(self, config: Config, decoder: bool):
        super().__init__()
        size = config.targets if decoder else config.vocabulary
        if config.tiedEmbeddings != "all":
            self.embed_tokens = nn.Embedding(size, config.width)
        if config.positions == "learned":
            self.embed_positions = nn.Embedding(config.maxPositions, config.width)
        count = config.decoderLayers if decoder else config.encoderLayers
        self.layers = nn.ModuleList(Layer(config, decoder) for _ in range(count))
        if config.normalization == "pre":
            self.layer_norm = nn.LayerNorm(config.width, config.normEpsilon)


class Inner(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        if config.tiedEmbeddings == "all":
            self.shared = nn.Embedding(config.vocabulary, config.width)
        self.encoder = Stack(config, decoder=False)
        self.decoder = Stack(config, decoder=True)


class Transformer(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.model = Inner(config)
        if config.tiedEmbeddings == "none":
            self.lm_head = nn.Linear(config.width, config.targets, bias=False)

    def positions(self, stack: Stack, count: int) -> Tensor:
        """Vaswani et al. 2017, section 3.5."""
        if self.config.positions == "learned":
            return stack.embed_positions.weight[:count]
        angles = torch.arange(count, dtype=torch.float64)[:, None] * torch.exp(
            torch.arange(0, self.config.width, 2, dtype=torch.float64) * (-math.log(10000.0) / self.config.width)
        )
        if self.config.positions == "halves":
            return torch.cat([angles.sin(), angles.cos()], -1)
        return torch.stack([angles.sin(), angles.cos()], -1).flatten(-2)

    def table(self, stack: Stack) -> Tensor:
        return self.model.shared.weight if self.config.tiedEmbeddings == "all" else stack.embed_tokens.weight

    def embed(self, stack: Stack, ids: Tensor) -> Tensor:
        return F.embedding(ids, self.table(stack)) * math.sqrt(self.config.width) + self.positions(stack, ids.shape[1])

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        real = (source != PADDING)[:, None, None, :]
        x = self.embed(self.model.encoder, source)
        for layer in self.model.encoder.layers:
            x = layer(x, real, None, None)
        memory = self.finish(self.model.encoder, x)
        time = target.shape[1]
        past = torch.ones(time, time, dtype=torch.bool).tril()
        y = self.embed(self.model.decoder, target)
        for layer in self.model.decoder.layers:
            y = layer(y, past, memory, real)
        y = self.finish(self.model.decoder, y)
        return y @ self.output_weight().T

    def finish(self, stack: Stack, x: Tensor) -> Tensor:
        return stack.layer_norm(x) if self.config.normalization == "pre" else x

    def output_weight(self) -> Tensor:
        return self.lm_head.weight if self.config.tiedEmbeddings == "none" else self.table(self.model.decoder)


def draw(config: Config, seed: int) -> tuple[Transformer, Tensor, Tensor, Tensor]:
    """A module with parameters from N(0, 0.2²) (weights of norms around 1), rounded to float32, and a padded batch."""
    generator = torch.Generator().manual_seed(seed)
    module = Transformer(config).double()
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            values = torch.randn(parameter.shape, generator=generator) * 0.2
            parameter.copy_(values + 1 if "norm" in name and name.endswith("weight") else values)

    def sentences(lengths: tuple[int, ...], vocabulary: int) -> list[Tensor]:
        return [torch.randint(END + 1, vocabulary, (n - 1,), generator=generator) for n in lengths]

    def padded(rows: list[Tensor], value: int) -> Tensor:
        return nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=value)

    end, start = torch.tensor([END]), torch.tensor([START])
    source = padded([torch.cat([row, end]) for row in sentences(SOURCE_LENGTHS, config.vocabulary)], PADDING)
    rows = sentences(TARGET_LENGTHS, config.targets)
    rows[0][0] = config.targets - 1
    target = padded([torch.cat([start, row]) for row in rows], PADDING)
    labels = padded([torch.cat([row, end]) for row in rows], IGNORED)
    return module, source, target, labels


def check_against_torch(module: Transformer, source: Tensor, target: Tensor, logits: Tensor) -> None:
    """The same weights in PyTorch's own layers must give the same logits."""
    config = module.config
    options = {
        "d_model": config.width,
        "nhead": config.heads,
        "dim_feedforward": config.feedForward,
        "dropout": 0.0,
        "activation": ACTIVATIONS[config.activation],
        "layer_norm_eps": config.normEpsilon,
        "batch_first": True,
        "norm_first": config.normalization == "pre",
    }
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(**options), config.encoderLayers, enable_nested_tensor=False
    ).double()
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(**options), config.decoderLayers).double()

    def copy_attention(mine: Attention, theirs: nn.MultiheadAttention) -> None:
        parts = [mine.q_proj, mine.k_proj, mine.v_proj]
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        theirs.out_proj.load_state_dict(mine.out_proj.state_dict())

    with torch.no_grad():
        for mine, theirs in zip(module.model.encoder.layers, encoder.layers):
            copy_attention(mine.self_attn, theirs.self_attn)
            pairs = ("norm1", "self_attn_layer_norm"), ("norm2", "final_layer_norm"), ("linear1", "fc1"), ("linear2", "fc2")
            for a, b in pairs:
                getattr(theirs, a).load_state_dict(getattr(mine, b).state_dict())
        for mine, theirs in zip(module.model.decoder.layers, decoder.layers):
            copy_attention(mine.self_attn, theirs.self_attn)
            copy_attention(mine.encoder_attn, theirs.multihead_attn)
            norms = ("norm1", "self_attn_layer_norm"), ("norm2", "encoder_attn_layer_norm"), ("norm3", "final_layer_norm")
            for a, b in (*norms, ("linear1", "fc1"), ("linear2", "fc2")):
                getattr(theirs, a).load_state_dict(getattr(mine, b).state_dict())
        hidden = source == PADDING
        memory = encoder(module.embed(module.model.encoder, source), src_key_padding_mask=hidden)
        memory = module.finish(module.model.encoder, memory)
        future = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1)
        y = decoder(
            module.embed(module.model.decoder, target), memory, tgt_mask=future, memory_key_padding_mask=hidden
        )
        theirs = module.finish(module.model.decoder, y) @ module.output_weight().T
    torch.testing.assert_close(theirs, logits, rtol=1e-10, atol=1e-10)


def write(name: str, config: Config, seed: int) -> None:
    module, source, target, labels = draw(config, seed)
    logits = module(source, target)
    check_against_torch(module, source, target, logits.detach())
    loss = F.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, label_smoothing=SMOOTHING, reduction="mean"
    )
    loss.backward()
    tensors = {
        "source": source.int(),
        "target": target.int(),
        "labels": labels.int(),
        "logits": logits.detach().float(),
        "loss": loss.detach().float(),
    }
    for parameter_name, parameter in module.named_parameters():
        tensors[f"parameter.{parameter_name}"] = parameter.detach().float()
        tensors[f"gradient.{parameter_name}"] = parameter.grad.float()
    shown = {key: value for key, value in config.__dict__.items() if value is not None}
    metadata = {"made with": f"torch {torch.__version__}", "config": json.dumps(shown), "smoothing": str(SMOOTHING)}
    path = GOLDEN / f"transformer-{name}.safetensors"
    save_file({key: value.contiguous() for key, value in tensors.items()}, path, metadata=metadata)
    path.chmod(0o644)
    print(f"{path}: {path.stat().st_size} bytes, loss {loss.item():.6f}")


def main() -> None:
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for seed, (name, config) in enumerate(VARIANTS.items(), start=1):
        write(name, config, seed)


if __name__ == "__main__":
    main()
