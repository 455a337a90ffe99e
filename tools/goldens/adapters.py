"""Writes test/tasks/golden/adapters: adapters of folders of test/families as PEFT saves them, and the logits with them.

    pip install torch==2.15.0 transformers==5.23.0 peft safetensors
    python tools/goldens/adapters.py
"""

import json
import shutil
from pathlib import Path

import peft
import torch
import transformers
from peft import LoraConfig, TaskType, get_peft_model
from safetensors.torch import save_file

ROOT = Path(__file__).parents[2]
FAMILIES = ROOT / "test" / "families"
OUT = ROOT / "test" / "tasks" / "golden" / "adapters"
VOCABULARY = 53

ADAPTERS = {
    # One of several ranks and alphas, with the rank-stabilized scale.
    "bert-classes": (
        "bert-sequence-classification",
        "BertForSequenceClassification",
        {
            "task_type": TaskType.SEQ_CLS,
            "r": 4,
            "lora_alpha": 6,
            "target_modules": ["query", "value", "intermediate.dense"],
            "rank_pattern": {"query": 2},
            "alpha_pattern": {"layer.1.attention.self.value": 3},
            "use_rslora": True,
        },
    ),
    # Another one of the same base, to be switched to.
    "bert-classes-keys": (
        "bert-sequence-classification",
        "BertForSequenceClassification",
        {"task_type": TaskType.SEQ_CLS, "r": 3, "lora_alpha": 6, "target_modules": ["key", "value"]},
    ),
    "bert-tokens": (
        "bert-token-classification",
        "BertForTokenClassification",
        {"task_type": TaskType.TOKEN_CLS, "r": 2, "lora_alpha": 4, "target_modules": r".*\.layer\.1\..*\.(query|key)"},
    ),
    # Weights that lie as [in, out].
    "gpt2-words": (
        "gpt2-causal-lm",
        "GPT2LMHeadModel",
        {"task_type": TaskType.CAUSAL_LM, "r": 3, "lora_alpha": 6, "target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True},
    ),
    "llama-words": (
        "llama-causal-lm",
        "LlamaForCausalLM",
        {"task_type": TaskType.CAUSAL_LM, "r": 2, "lora_alpha": 8, "target_modules": "all-linear"},
    ),
    "t5-texts": (
        "t5-conditional-generation",
        "T5ForConditionalGeneration",
        {"task_type": TaskType.SEQ_2_SEQ_LM, "r": 2, "lora_alpha": 4, "target_modules": ["q", "v", "wo"]},
    ),
    "bart-texts": (
        "bart-conditional-generation",
        "BartForConditionalGeneration",
        {"task_type": TaskType.SEQ_2_SEQ_LM, "r": 2, "lora_alpha": 4, "target_modules": ["q_proj", "v_proj"]},
    ),
    "distilbert-classes": (
        "distilbert-sequence-classification",
        "DistilBertForSequenceClassification",
        {
            "task_type": TaskType.SEQ_CLS,
            "r": 2,
            "lora_alpha": 4,
            "target_modules": ["q_lin", "v_lin"],
            "modules_to_save": ["pre_classifier", "classifier"],
        },
    ),
    # An embedding.
    "bert-classes-words": (
        "bert-sequence-classification",
        "BertForSequenceClassification",
        {"task_type": TaskType.SEQ_CLS, "r": 2, "lora_alpha": 6, "target_modules": ["word_embeddings", "value"]},
    ),
}


def make(name: str, folder: str, class_name: str, settings: dict, seed: int) -> None:
    """Draws the adapter's weights, so that it changes what the model says, and saves it with what it says then."""
    base = getattr(transformers, class_name).from_pretrained(FAMILIES / folder, attn_implementation="eager").eval()
    base.config._name_or_path = f"../../../../families/{folder}"
    base.name_or_path = base.config._name_or_path
    model = get_peft_model(base, LoraConfig(**settings)).eval()
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if "lora_" in parameter_name or "modules_to_save" in parameter_name:
                parameter.add_(torch.randn(parameter.shape, generator=draw) * 0.3)
    inputs = {
        "input_ids": torch.randint(5, VOCABULARY, (2, 7), generator=draw),
        "attention_mask": torch.tensor([[1] * 7, [1] * 5 + [0] * 2]),
    }
    if "T5" in class_name or "Bart" in class_name:
        inputs["decoder_input_ids"] = torch.randint(5, VOCABULARY, (2, 4), generator=draw)
    with torch.no_grad():
        logits = model(**inputs).logits
        plain = model.get_base_model()
        with model.disable_adapter():
            base_logits = plain(**inputs).logits
    out = OUT / name
    shutil.rmtree(out, ignore_errors=True)
    model.save_pretrained(out)
    (out / "README.md").unlink(missing_ok=True)
    # The order of sets differs from run to run.
    path = out / "adapter_config.json"
    config = json.loads(path.read_text())
    for key in ("target_modules", "modules_to_save"):
        if isinstance(config.get(key), list):
            config[key] = sorted(config[key])
    path.write_text(json.dumps(config, indent=2) + "\n")
    tensors = {key: value.to(torch.int32) for key, value in inputs.items()}
    versions = {"peft": peft.__version__, "transformers": transformers.__version__, "torch": torch.__version__}
    save_file(
        tensors | {"logits": logits.contiguous(), "base_logits": base_logits.contiguous()},
        out / "golden.safetensors",
        {"base": folder, "class": class_name, **versions},
    )
    print(name, (logits - base_logits).abs().max().item())


if __name__ == "__main__":
    for seed, (name, (folder, class_name, settings)) in enumerate(ADAPTERS.items(), 1):
        make(name, folder, class_name, settings, seed)
