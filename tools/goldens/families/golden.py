"""One folder of test/families: a tiny random checkpoint by `save_pretrained` and golden.safetensors beside it.

docs/goldens.md describes the file. Everything is computed in float32, as a user of the library would; a copy in
float64 says which gradients are zero in truth, and copies with weights off by a hundred-thousandth say that no
generated id hangs on rounding.
"""

import copy
import json
import re
import shutil
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import safe_open
from safetensors.torch import save
from torch.nn import functional

FOLDER = Path(__file__).parents[3] / "test" / "families"
LIMIT = 150_000
NEW = transformers.__version__ >= "5"
EAGER = {"attn_implementation": "eager"} if NEW else {}
"""The one implementation that gives attentions."""
FLOAT = {"dtype": torch.float32} if NEW else {}
torch.set_num_threads(1)
transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()
STEP = {"lr": 0.01, "betas": [0.9, 0.98], "eps": 1e-4, "weight_decay": 0.1}
"""The epsilon is larger than a gradient's rounding noise, else noise of either sign would move a parameter by lr."""


@dataclass
class Case:
    """A call of `generate`: its tensors and its arguments."""

    inputs: dict[str, torch.Tensor]
    arguments: dict[str, Any]


@dataclass
class Golden:
    """A folder to make. `main` keeps every output, the gradients and a step; else outputs and loss alone are kept.

    `spread`: the weights' deviation; at 0.35 what is generated depends more on the source. `then`: the inputs of a second segment. `old_config`: keys of config.json to replace, None to delete. `steps`: a
    pattern of the parameters whose step is kept. `unlabeled`: adds what a call without labels gives. `left_out`: a
    pattern of outputs. `prepare`: changes the model before weights are drawn for what trains.
    """

    folder: str
    model: type
    config: Any
    inputs: dict[str, torch.Tensor | bool]
    seed: int = -1
    main: bool = False
    spread: float = 0.2
    generation: dict[str, Any] = field(default_factory=dict)
    cases: Callable[[torch.nn.Module], dict[str, Case]] = lambda model: {}
    then: dict[str, torch.Tensor] = field(default_factory=dict)
    dtype: torch.dtype = torch.float32
    save: dict[str, Any] = field(default_factory=dict)
    old_config: dict[str, Any] = field(default_factory=dict)
    steps: str = ""
    unlabeled: bool = False
    left_out: str = "^$"
    prepare: Callable[[torch.nn.Module], None] = lambda model: None

    def __post_init__(self) -> None:
        """A seed of its own for every folder, which adding another folder leaves alone."""
        if self.seed < 0:
            self.seed = zlib.crc32(self.folder.encode()) % 1000


ACTIVATIONS = ("hidden_act", "activation", "activation_function", "afn", "feed_forward_proj")
INNER = ("intermediate_size", "hidden_dim", "n_inner", "encoder_ffn_dim", "decoder_ffn_dim", "d_ff")


def feed_forward(model: torch.nn.Module) -> tuple[set[str], set[str]]:
    """Biases before a GELU and weights after it. The two GELUs differ by 0.0005 at most, and most where they are small.

    Around -1.5 they show: an activation is about -0.1 there, and off by 0.3 %, which larger weights carry on.
    """
    config = model.config
    kind = next((getattr(config, key) for key in ACTIVATIONS if hasattr(config, key)), "gelu" if config.model_type == "esm" else "")
    if "gelu" not in kind or "quick" in kind:
        return set(), set()
    inner = {getattr(config, key, None) for key in INNER} | {4 * config.hidden_size if hasattr(config, "afn") else 0}
    before, after = set(), set()
    for name, module in model.named_modules():
        if type(module).__name__ == "Conv1D":
            taken, given = module.weight.shape
        elif isinstance(module, torch.nn.Linear):
            taken, given = module.in_features, module.out_features
        else:
            continue
        head = re.search(r"(transform|vocab_transform|lm_head|predictions)(\.dense)?$", name) and taken == config.hidden_size
        if given in inner or head:
            before.add(f"{name}.bias")
        if taken in inner:
            after.add(f"{name}.weight")
    return before, after


def build(golden: Golden) -> torch.nn.Module:
    """The model with weights from the seed: matrices and biases N(0, spread²), weights of norms 1 ± 0.3."""
    torch.manual_seed(golden.seed)
    model = golden.model._from_config(golden.config, **EAGER)
    golden.prepare(model)
    norms = {f"{name}.weight" for name, module in model.named_modules() if "Norm" in type(module).__name__}
    before, after = feed_forward(model)
    draw = torch.Generator().manual_seed(golden.seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=draw)
            if not parameter.requires_grad:
                continue
            if name in norms:
                parameter.copy_(1 + 0.3 * noise)
            elif parameter.ndim == 0:
                parameter.add_(0.1 * noise)
            elif name in before:
                parameter.copy_(0.5 * noise - 1.5)
            else:
                parameter.copy_((3 if name in after else 1) * golden.spread * noise)
        for name, buffer in model.named_buffers():
            if name.endswith("final_logits_bias"):
                buffer.copy_(0.5 * torch.randn(buffer.shape, generator=draw))
    if golden.generation:
        model.generation_config = transformers.GenerationConfig(**golden.generation)
    return model.to(golden.dtype).eval()


def flat(value: Any, name: str) -> dict[str, torch.Tensor]:
    """The tensors of a model's output by name: tuples count, nested outputs add a dot, the cache is left out."""
    if isinstance(value, torch.Tensor):
        return {name: value.detach()}
    if isinstance(value, dict):
        pairs = [(key, part) for key, part in value.items() if key != "past_key_values"]
    elif isinstance(value, (list, tuple)):
        pairs = list(enumerate(value))
    else:
        return {}
    return {key: part for inner, v in pairs for key, part in flat(v, f"{name}.{inner}").items()}


def forward(model: torch.nn.Module, golden: Golden, inputs: dict[str, Any]) -> Any:
    """One call with everything that is kept of it. The cache is off where the model has one."""
    asked = {"return_dict": True}
    if golden.main:
        asked |= {"output_hidden_states": True, "output_attentions": True}
    if getattr(model.config, "use_cache", False):
        asked["use_cache"] = False
    return model(**inputs, **asked)


def outputs(model: torch.nn.Module, golden: Golden, inputs: dict[str, Any], prefix: str) -> dict[str, torch.Tensor]:
    """What is kept of a forward call."""
    with torch.no_grad():
        made = flat(forward(model, golden, inputs), prefix)
        if golden.unlabeled:
            bare = {name: value for name, value in inputs.items() if name != "labels"}
            made = flat(forward(model, golden, bare), prefix) | made
    return {name: t for name, t in made.items() if not re.search(golden.left_out, name)}


@contextmanager
def all_in_double():
    """Models that go to float32 for a softmax stay in their own precision."""
    softmax, single = functional.softmax, torch.Tensor.float
    functional.softmax = lambda x, dim=None, _stacklevel=3, dtype=None: softmax(x, dim=dim)
    torch.Tensor.float = lambda x, **more: x if x.dtype == torch.float64 else single(x, **more)
    try:
        yield
    finally:
        functional.softmax, torch.Tensor.float = softmax, single


def double(tensors: dict[str, Any]) -> dict[str, Any]:
    """Floating tensors in float64."""
    return {k: v.double() if isinstance(v, torch.Tensor) and v.is_floating_point() else v for k, v in tensors.items()}


def gradients(model: torch.nn.Module, loss: torch.Tensor) -> dict[str, torch.Tensor | None]:
    """Every parameter's gradient, None where the loss does not reach it."""
    model.zero_grad(set_to_none=True)
    loss.backward()
    return {name: p.grad for name, p in model.named_parameters()}


def zeros(model: torch.nn.Module, golden: Golden) -> set[str]:
    """Parameters whose gradient is zero in exact arithmetic, though not in float32."""
    exact = copy.deepcopy(model).double()
    with all_in_double():
        grads = gradients(exact, forward(exact, golden, double(golden.inputs)).loss.mean())
    scale = max(float(g.abs().max()) for g in grads.values() if g is not None)
    return {name for name, g in grads.items() if g is not None and float(g.abs().max()) < 1e-12 * scale}


def file_names(folder: Path, model: torch.nn.Module) -> dict[str, str]:
    """Parameter names to names in the folder's weight files, found by content: the library renames some as it saves.

    Of tied parameters the file keeps one. A norm's gamma and beta, which the file of an ESM has, are its weight and
    bias. Fixed tables that the file lacks keep the model's name.
    """
    contents: dict[bytes, str] = {}
    for path in folder.glob("model*.safetensors"):
        with safe_open(path, "pt") as file:
            contents |= {file.get_tensor(key).numpy().tobytes(): key for key in file.keys()}
    found = {name: contents.get(p.detach().numpy().tobytes(), name) for name, p in model.named_parameters()}
    return {name: re.sub("gamma$", "weight", re.sub("beta$", "bias", key)) for name, key in found.items()}


def learn(model: torch.nn.Module, golden: Golden, folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Gradients of the loss, parameters after one step of AdamW, and the metadata that goes with them."""
    zero = zeros(model, golden)
    named = file_names(folder, model)
    grads = gradients(model, forward(model, golden, golden.inputs).loss.mean())
    tensors = {f"grads.{named[name]}": g.clone() for name, g in grads.items() if g is not None}
    stepped = copy.deepcopy(model)
    for p, g in zip(stepped.parameters(), grads.values()):
        p.grad = None if g is None else g.clone()
    torch.optim.AdamW(stepped.parameters(), **STEP).step()
    for name, p in stepped.named_parameters():
        if grads[name] is not None and re.search(golden.steps, named[name]):
            tensors[f"step.{named[name]}"] = p.detach()
    left_alone = [named[name] for name, g in grads.items() if g is None]
    left_alone += [name for name, _ in model.named_buffers() if name in model.state_dict()]
    metadata = {
        "step": json.dumps(STEP),
        "zero_gradients": json.dumps(sorted(named[name] for name in zero)),
        "no_gradients": json.dumps(sorted(left_alone)),
    }
    return tensors, metadata


def generate(model: torch.nn.Module, case: Case) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Ids and, of beams, their scores."""
    made = model.generate(**case.inputs, **case.arguments, return_dict_in_generate=True, output_scores=True)
    return made.sequences, getattr(made, "sequences_scores", None)


def steady(model: torch.nn.Module, case: Case, ids: torch.Tensor) -> bool:
    """Whether copies with slightly different weights generate the same ids."""
    for seed in range(3):
        other, draw = copy.deepcopy(model), torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for p in other.parameters():
                p.mul_(1 + 1e-5 * torch.randn(p.shape, generator=draw))
        made = generate(other, case)[0]
        if made.shape != ids.shape or not bool((made == ids).all()):
            return False
    return True


def generated(model: torch.nn.Module, golden: Golden) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """What every case generates."""
    tensors, metadata = {}, {}
    for name, case in golden.cases(model).items():
        torch.manual_seed(golden.seed)
        with torch.no_grad():
            ids, scores = generate(model, case)
        if not steady(model, case, ids):
            raise ValueError(f"{golden.folder}, {name}: the ids hang on rounding; take another seed")
        print(f"  {name}: {ids.tolist()}")
        tensors |= {f"generate.{name}.inputs.{key}": value for key, value in case.inputs.items()}
        tensors[f"generate.{name}.ids"] = ids
        if scores is not None:
            tensors[f"generate.{name}.scores"] = scores
        metadata[f"generate.{name}"] = json.dumps(case.arguments)
    return tensors, metadata


def rewrite_config(folder: Path, changes: dict[str, Any]) -> None:
    """Old spellings: None deletes a key of config.json."""
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf8"))
    config = {key: value for key, value in config.items() if changes.get(key, 0) is not None}
    config |= {key: value for key, value in changes.items() if value is not None}
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf8")


def write(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    """A safetensors file whose metadata is in order, so that the same content is the same bytes."""
    # A clone of each: safetensors refuses tensors that share memory.
    content = save({name: t.contiguous().clone() for name, t in tensors.items()}, metadata)
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[end:])


def saved(folder: Path, golden: Golden) -> torch.nn.Module:
    """The model in its folder, opened by the library in float32, which the golden is of."""
    model = build(golden)
    model.save_pretrained(folder, **golden.save)
    if golden.old_config:
        rewrite_config(folder, golden.old_config)
    again = golden.model.from_pretrained(folder, **EAGER, **FLOAT).eval()
    if golden.dtype == torch.float32:
        made, read = (outputs(m, golden, golden.inputs, "outputs") for m in (model, again))
        off = [name for name in made if not torch.allclose(made[name], read[name], atol=1e-6)]
        if off:
            raise ValueError(f"{golden.folder}: opened from its folder, the model gives other {', '.join(off)}")
    return again


def make(golden: Golden) -> None:
    """Writes the folder."""
    folder = FOLDER / golden.folder
    shutil.rmtree(folder, ignore_errors=True)
    model = saved(folder, golden)
    tensors = flat({name: torch.as_tensor(value) for name, value in golden.inputs.items()}, "inputs")
    tensors |= outputs(model, golden, golden.inputs, "outputs")
    metadata = {
        "model_class": golden.model.__name__,
        "library": "transformers",
        "version": transformers.__version__,
        "torch": re.sub(r"\+.*", "", torch.__version__),
        "seed": str(golden.seed),
    }
    if golden.then:
        memory = [tensors[f"outputs.mems.{i}"] for i in range(model.config.n_layer)]
        tensors |= flat(golden.then, "then.inputs")
        tensors |= outputs(model, golden, {**golden.then, "mems": memory}, "then.outputs")
    if golden.main:
        learned, more = learn(model, golden, folder)
        tensors, metadata = tensors | learned, metadata | more
    more_tensors, more = generated(model, golden)
    tensors, metadata = tensors | more_tensors, metadata | more
    bad = [name for name, t in tensors.items() if t.is_floating_point() and not bool(torch.isfinite(t).all())]
    if bad:
        raise ValueError(f"{golden.folder}: not finite: {bad}")
    write(folder / "golden.safetensors", tensors, metadata)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{golden.folder}: {size / 1000:.1f} kB, {len(tensors)} tensors, loss {float(tensors.get('outputs.loss', torch.nan)):.6f}")
    if size > LIMIT:
        raise ValueError(f"{golden.folder}: {size} bytes, at most {LIMIT} are allowed")
