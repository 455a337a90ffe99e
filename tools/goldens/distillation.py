"""Writes test/objectives/golden/distillation.json: the losses of distillation as PyTorch computes them.

    pip install torch transformers==5.23.0
    python tools/goldens/distillation.py

The teacher is test/families/bert-masked-lm, the student test/families/distilbert-masked-lm. The losses are put together
as in DistilBERT's published training (distiller.py of transformers' research projects, with restrict_ce_to_mask:
KLDivLoss of "batchmean" times T squared, CrossEntropyLoss, CosineEmbeddingLoss) and in TinyBERT's (MSELoss).
"""

import json
from pathlib import Path

import torch
import transformers
from torch import nn
from torch.nn import functional

ROOT = Path(__file__).parents[2]
FAMILIES = ROOT / "test" / "families"
GOLDEN = ROOT / "test" / "objectives" / "golden" / "distillation.json"
LAYERS = [1, 0]
"""For each layer of the student the teacher's: crossed, so that a test sees which is which."""
TEMPERATURE = 2.0
WEIGHTS = {"soft": 5.0, "hard": 2.0, "cosine": 1.0, "hidden": 0.5, "attention": 3.0}


def soft(student, teacher, temperature):
    loss = nn.KLDivLoss(reduction="batchmean")
    return loss(
        functional.log_softmax(student / temperature, dim=-1), functional.softmax(teacher / temperature, dim=-1)
    ) * temperature**2


def cosine(student, teacher):
    rows = student.reshape(-1, student.shape[-1])
    return nn.CosineEmbeddingLoss(reduction="mean")(
        rows, teacher.reshape(-1, teacher.shape[-1]), torch.ones(rows.shape[0])
    )


def random_cases():
    torch.manual_seed(5)
    cases = []
    for rows, width, temperature in [(3, 4, 1.0), (5, 7, 2.0), (2, 11, 4.0)]:
        student, teacher = 3 * torch.randn(rows, width), 3 * torch.randn(rows, width)
        cases.append(
            {
                "rows": rows,
                "width": width,
                "temperature": temperature,
                "student": student.flatten().tolist(),
                "teacher": teacher.flatten().tolist(),
                "soft": soft(student, teacher, temperature).item(),
                "cosine": cosine(student, teacher).item(),
                "squares": nn.MSELoss()(student, teacher).item(),
            }
        )
    return cases


def models():
    eager = {"attn_implementation": "eager"}
    teacher = transformers.BertForMaskedLM.from_pretrained(FAMILIES / "bert-masked-lm", **eager)
    student = transformers.DistilBertForMaskedLM.from_pretrained(FAMILIES / "distilbert-masked-lm", **eager)
    return teacher.eval(), student.eval()


def both():
    teacher, student = models()
    ids = torch.tensor([[2, 17, 4, 31, 9, 3, 0], [2, 8, 44, 50, 12, 21, 3]])
    mask = (ids != 0).long()
    rows, columns = [0, 0, 1, 1, 1], [1, 3, 2, 3, 5]
    labels = torch.tensor([11, 31, 7, 50, 29])
    asked = {"output_hidden_states": True, "output_attentions": True}
    with torch.no_grad():
        expected = teacher(input_ids=ids, attention_mask=mask, **asked)
    found = student(input_ids=ids, attention_mask=mask, **asked)
    real = mask.bool()
    looks = (real[:, :, None] & real[:, None, :])[:, None].expand_as(found.attentions[0])
    pairs = [(0, 0)] + [(ours + 1, theirs + 1) for ours, theirs in enumerate(LAYERS)]
    mse = nn.MSELoss()
    terms = {
        "soft": soft(found.logits[rows, columns], expected.logits[rows, columns], TEMPERATURE),
        "hard": nn.CrossEntropyLoss()(found.logits[rows, columns], labels),
        "cosine": cosine(found.hidden_states[-1][real], expected.hidden_states[-1][real]),
        "hidden": sum(mse(found.hidden_states[a][real], expected.hidden_states[b][real]) for a, b in pairs),
        "attention": sum(
            mse(found.attentions[a][looks], expected.attentions[b][looks]) for a, b in enumerate(LAYERS)
        ),
    }
    loss = sum(WEIGHTS[name] * value for name, value in terms.items())
    loss.backward()
    kept = ["distilbert.transformer.layer.0.attention.q_lin.weight", "distilbert.transformer.layer.1.ffn.lin1.bias",
            "distilbert.embeddings.position_embeddings.weight", "vocab_projector.bias"]
    parameters = dict(student.named_parameters())
    return {
        "inputIds": ids.flatten().tolist(),
        "attentionMask": mask.flatten().tolist(),
        "shape": list(ids.shape),
        "places": [row * ids.shape[1] + column for row, column in zip(rows, columns)],
        "labels": labels.tolist(),
        "layers": LAYERS,
        "temperature": TEMPERATURE,
        "weights": WEIGHTS,
        "terms": {name: value.item() for name, value in terms.items()},
        "loss": loss.item(),
        "gradients": {name: parameters[name].grad.flatten().tolist() for name in kept},
    }


golden = {
    "reference": f"torch {torch.__version__}, transformers {transformers.__version__}",
    "cases": random_cases(),
    "models": both(),
}
GOLDEN.parent.mkdir(parents=True, exist_ok=True)
GOLDEN.write_text(json.dumps(golden) + "\n")
