"""Writes test/generation/golden/distribution.json: a distribution behind each logits processor of transformers.

    pip install torch==2.15.0 transformers==5.23.0
    python tools/goldens/distribution.py
"""

import json
from pathlib import Path

import torch
import transformers
from transformers.generation import logits_process as lp

OUT = Path(__file__).parents[2] / "test" / "generation" / "golden" / "distribution.json"
VOCABULARY = 40

torch.manual_seed(7)
logits = (torch.randn(1, VOCABULARY) * 2.5).round(decimals=4)
history = torch.tensor([[3, 9, 9, 21, 4, 9]])
processors = [
    ("repetitionPenalty", lp.RepetitionPenaltyLogitsProcessor(1.3)),
    ("noRepeatNgramSize", lp.NoRepeatNGramLogitsProcessor(2)),
    ("suppressTokens", lp.SuppressTokensLogitsProcessor([0, 1])),
    ("temperature", lp.TemperatureLogitsWarper(1.7)),
    ("topK", lp.TopKLogitsWarper(20)),
    ("topP", lp.TopPLogitsWarper(0.95)),
    ("minP", lp.MinPLogitsWarper(0.05)),
    ("typicalP", lp.TypicalLogitsWarper(0.8)),
]

stages = [{"processor": "model", "probabilities": logits.softmax(-1)[0].tolist()}]
scores = logits.clone()
for name, processor in processors:
    scores = processor(history, scores)
    stages.append({"processor": name, "probabilities": scores.softmax(-1)[0].tolist()})

OUT.write_text(
    json.dumps(
        {
            "madeWith": f"transformers {transformers.__version__}, torch {torch.__version__}",
            "history": history[0].tolist(),
            "logits": logits[0].tolist(),
            "stages": stages,
        }
    )
    + "\n"
)
