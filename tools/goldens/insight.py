"""Writes test/insight/golden/why.safetensors: what PyTorch says about why five tiny models of test/families answer.

    pip install torch==2.15.0 transformers==5.23.0 safetensors networkx
    python tools/goldens/insight.py

Lens, gradients, integrated gradients, ablations, rollout, patching and direct logit attribution by hooks and autograd,
nothing of it by a library. Names: MODEL.WHAT.
"""

from contextlib import contextmanager
from pathlib import Path

import networkx
import numpy
import torch
import transformers
from safetensors.torch import save_file

ROOT = Path(__file__).parents[2]
FAMILIES = ROOT / "test" / "families"
OUT = ROOT / "test" / "insight" / "golden" / "why.safetensors"
IDS = torch.tensor([[5, 9, 13, 7, 21, 11]])
CORRUPTED = torch.tensor([[5, 17, 8, 7, 21, 11]])
TARGET = torch.tensor([[0, 7, 12, 30]])
STEPS = 8
POSITION = 2
ANSWER = 3


def opened(folder, name):
    model = getattr(transformers, name).from_pretrained(FAMILIES / folder, attn_implementation="eager")
    return model.eval()


class Gpt2:
    name = "gpt2-causal-lm"
    model = opened(name, "GPT2LMHeadModel")
    table = model.transformer.wte
    blocks = model.transformer.h
    outs = [block.attn.c_proj for block in blocks]
    feeds = [block.mlp.c_proj for block in blocks]
    norm, final = model.transformer.ln_f, staticmethod(lambda x: Gpt2.model.lm_head(x))


class Llama:
    name = "llama-causal-lm"
    model = opened(name, "LlamaForCausalLM")
    table = model.model.embed_tokens
    blocks = model.model.layers
    outs = [block.self_attn.o_proj for block in blocks]
    feeds = [block.mlp.down_proj for block in blocks]
    norm, final = model.model.norm, staticmethod(lambda x: Llama.model.lm_head(x))


class Bert:
    name = "bert-masked-lm"
    model = opened(name, "BertForMaskedLM")
    table = model.bert.embeddings.word_embeddings
    blocks = model.bert.encoder.layer
    outs = [block.attention.output.dense for block in blocks]
    feeds = [block.output.dense for block in blocks]
    norm, final = None, staticmethod(lambda x: Bert.model.cls(x))


class T5:
    name = "t5-conditional-generation"
    model = opened(name, "T5ForConditionalGeneration")
    table = model.shared
    blocks = model.decoder.block
    outs = [block.layer[1].EncDecAttention.o for block in blocks]
    feeds = [block.layer[2].DenseReluDense.wo for block in blocks]
    norm = model.decoder.final_layer_norm

    @staticmethod
    def final(x):
        return T5.model.lm_head(x * T5.model.config.d_model**-0.5)


class Vit:
    name = "vit-image-classification"
    model = opened(name, "ViTForImageClassification")
    blocks = model.vit.layers if hasattr(model.vit, "layers") else model.vit.encoder.layer
    norm = model.vit.layernorm
    final = staticmethod(lambda x: Vit.model.classifier(x[:, 0, :]))


@contextmanager
def hooked(handles):
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def without_head(module, head, width):
    def hook(_, args):
        x = args[0].clone()
        x[..., head * width : (head + 1) * width] = 0
        return (x, *args[1:])

    return module.register_forward_pre_hook(hook)


def without_output(module):
    return module.register_forward_hook(lambda _m, _a, out: torch.zeros_like(out))


def skipped(block):
    def hook(_m, args, kwargs, out):
        entering = args[0] if args else kwargs["hidden_states"]
        return (entering, *out[1:]) if isinstance(out, tuple) else entering

    return block.register_forward_hook(hook, with_kwargs=True)


def run(case, **more):
    if case is Vit:
        return case.model(pixel_values=more.pop("pixels"), **more)
    if case is T5:
        if "inputs_embeds" not in more:
            more = {"input_ids": IDS, "decoder_input_ids": TARGET, **more}
        return case.model(**more)
    if "inputs_embeds" not in more:
        more = {"input_ids": IDS, **more}
    return case.model(**more)


def at(case, out, position=POSITION):
    return out.logits[0] if case is Vit else out.logits[0, position]


def lens(case, states):
    rows = []
    for i, state in enumerate(states):
        normed = case.norm is not None and (case is Vit or i < len(states) - 1)
        rows.append(case.final(case.norm(state) if normed else state)[0])
    return torch.stack(rows)


def embedded(case):
    if case is T5:
        return [case.table(IDS), case.table(TARGET)]
    return [case.table(IDS)]


def scored(case, vectors):
    if case is T5:
        return at(case, run(case, inputs_embeds=vectors[0], decoder_inputs_embeds=vectors[1]))[ANSWER]
    return at(case, run(case, inputs_embeds=vectors[0]))[ANSWER]


def slopes(function, values):
    leaves = [value.detach().clone().requires_grad_(True) for value in values]
    score = function(leaves)
    return torch.autograd.grad(score, leaves), score.detach()


def salience(case, function, values, baseline, fold, found, suffix=""):
    total = [torch.zeros_like(value) for value in values]
    for step in range(STEPS):
        fraction = (step + 0.5) / STEPS
        moved = [b + fraction * (x - b) for x, b in zip(values, baseline)]
        total = [sum_ + g / STEPS for sum_, g in zip(total, slopes(function, moved)[0])]
    for i, (x, b, g) in enumerate(zip(values, baseline, total)):
        found[f"{case.name}.integrated{suffix}.{i}"] = fold(g * (x - b))
    if suffix:
        return
    gradients, _ = slopes(function, values)
    for i, (x, g) in enumerate(zip(values, gradients)):
        found[f"{case.name}.products.{i}"] = fold(g * x)
        found[f"{case.name}.norms.{i}"] = fold(g * g).sqrt()


def rollout(weights):
    rolls = []
    for layer in weights:
        mean = layer[0].mean(0).detach().numpy().astype(numpy.float64)
        step = 0.5 * mean + 0.5 * numpy.eye(mean.shape[0])
        step = step / step.sum(-1, keepdims=True)
        rolls.append(step if not rolls else step @ rolls[-1])
    return torch.tensor(numpy.stack(rolls), dtype=torch.float32)


def flow(weights):
    """Maximum flows into the last token of the last layer, from each token of the input."""
    graph = networkx.DiGraph()
    for i, layer in enumerate(weights):
        mean = layer[0].mean(0).detach().numpy().astype(numpy.float64)
        step = 0.5 * mean + 0.5 * numpy.eye(mean.shape[0])
        step = step / step.sum(-1, keepdims=True)
        for upper, row in enumerate(step):
            for lower, room in enumerate(row):
                if room > 1e-9:
                    graph.add_edge((i + 1, upper), (i, lower), capacity=float(room))
    count = len(step)
    top = (len(weights), count - 1)
    return torch.tensor([networkx.maximum_flow_value(graph, top, (0, source)) for source in range(count)])


def attribution(case, states, found):
    """Shares of a pre-norm decoder: outputs of sub-layers through the last norm, its deviation held, and the table."""
    outputs = {}
    handles = []
    for i, (out, feed) in enumerate(zip(case.outs, case.feeds)):
        for kind, module in (("attention", out), ("feed", feed)):
            handles.append(module.register_forward_hook(lambda _m, _a, y, key=(i, kind): outputs.__setitem__(key, y)))
    entered = {}
    for i, out in enumerate(case.outs):
        handles.append(out.register_forward_pre_hook(lambda _m, args, i=i: entered.__setitem__(i, args[0])))
    last = {}
    handles.append(case.norm.register_forward_pre_hook(lambda _m, args: last.__setitem__("x", args[0])))
    with hooked(handles):
        run(case)
    x = last["x"][0, POSITION]
    weight = case.model.lm_head.weight[ANSWER] * case.norm.weight
    if case is Gpt2:
        inverse = 1 / torch.sqrt(x.var(unbiased=False) + case.norm.eps)
        share = lambda c: (weight * (c - c.mean(-1, keepdim=True)) * inverse).sum(-1)
    else:
        inverse = 1 / torch.sqrt((x * x).mean() + case.norm.variance_epsilon)
        share = lambda c: (weight * c * inverse).sum(-1)
    parts = [outputs[(i, kind)][0, POSITION] for i in range(len(case.blocks)) for kind in ("attention", "feed")]
    found[f"{case.name}.shares"] = torch.stack([share(states[0][0, POSITION]), *[share(part) for part in parts]])
    heads = case.model.config.num_attention_heads
    rows = []
    for i, out in enumerate(case.outs):
        context = entered[i][0, POSITION].reshape(heads, -1)
        matrix = out.weight if case is Gpt2 else out.weight.T  # [in, out]
        rows.append(torch.stack([share(c @ m) for c, m in zip(context, matrix.reshape(heads, -1, matrix.shape[1]))]))
    found[f"{case.name}.head-shares"] = torch.stack(rows)


def text(case, found):
    out = run(case, output_hidden_states=True, output_attentions=True)
    states = out.decoder_hidden_states if case is T5 else out.hidden_states
    found[f"{case.name}.lens"] = lens(case, states)
    values = embedded(case)
    mean = case.table.weight.mean(0)
    fold = lambda x: x.sum(-1)[0]
    salience(case, lambda v: scored(case, v), values, [mean.expand_as(v) for v in values], fold, found)
    salience(case, lambda v: scored(case, v), values, [torch.zeros_like(v) for v in values], fold, found, "-zero")
    heads = case.model.config.num_attention_heads
    width = case.outs[0].weight.shape[0 if case is Gpt2 else 1] // heads
    rows = []
    for module in case.outs:
        for head in range(heads):
            with hooked([without_head(module, head, width)]):
                rows.append(at(case, run(case)))
    found[f"{case.name}.without-heads"] = torch.stack(rows)
    for what, modules in (("attention", case.outs), ("feed", case.feeds)):
        rows = []
        for module in modules:
            with hooked([without_output(module)]):
                rows.append(at(case, run(case)))
        found[f"{case.name}.without-{what}"] = torch.stack(rows)
    if case is not T5:
        # In T5 the first layer hands the distances to the others, so it cannot be left out by a hook.
        rows = []
        for block in case.blocks:
            with hooked([skipped(block)]):
                rows.append(at(case, run(case)))
        found[f"{case.name}.without-layers"] = torch.stack(rows)
        found[f"{case.name}.rollout"] = rollout(out.attentions)
        found[f"{case.name}.flow"] = flow(out.attentions)
        # Position 1 of what enters layer 1 comes from the clean reading.
        clean = states[1][0, 1]

        def patched(_m, args, kwargs):
            x = (args[0] if args else kwargs["hidden_states"]).clone()
            x[0, 1] = clean
            return ((x, *args[1:]), kwargs) if args else (args, {**kwargs, "hidden_states": x})

        with hooked([case.blocks[1].register_forward_pre_hook(patched, with_kwargs=True)]):
            found[f"{case.name}.patched"] = at(case, run(case, input_ids=CORRUPTED))
        found[f"{case.name}.corrupted"] = at(case, run(case, input_ids=CORRUPTED))
    if case in (Gpt2, Llama):
        attribution(case, states, found)


def image(found):
    case = Vit
    size, patch = case.model.config.image_size, case.model.config.patch_size
    pixels = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(7))
    found[f"{case.name}.pixels"] = pixels
    out = run(case, pixels=pixels, output_hidden_states=True, output_attentions=True)
    found[f"{case.name}.lens"] = lens(case, out.hidden_states)
    found[f"{case.name}.rollout"] = rollout(out.attentions)

    def fold(x):
        x = x.sum(1)[0]
        rows = x.shape[0] // patch
        return x.reshape(rows, patch, rows, patch).sum((1, 3)).reshape(-1)

    salience(case, lambda v: run(case, pixels=v[0]).logits[0, ANSWER], [pixels], [torch.zeros_like(pixels)], fold, found)


def main():
    found = {}
    for case in (Gpt2, Llama, Bert, T5):
        text(case, found)
    image(found)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    stamp = {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}
    save_file({name: value.detach().contiguous().clone() for name, value in found.items()}, OUT, metadata=stamp)
    print({name: list(value.shape) for name, value in found.items()})


main()
