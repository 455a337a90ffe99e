"""Span scores of predicted tags by seqeval, for comparison with what tools/experiments/wnut17.mjs prints.

Not part of the tests: the data is not the project's. From the root of the repository, after the experiment:

    python tools/checks/seqeval-wnut17.py [FOLDER]

Each file FOLDER/NAME.conll holds a word, the tag that is due and the predicted one a line. The numbers must be those of
the experiment, to the last digit.
"""

import sys
from pathlib import Path

from seqeval.metrics import f1_score, precision_score, recall_score

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".cache/experiments/wnut17")
for path in sorted(folder.glob("*.conll")):
    blocks = [block for block in path.read_text(encoding="utf-8").split("\n\n") if block.strip()]
    rows = [[line.split("\t") for line in block.split("\n") if line] for block in blocks]
    due = [[row[1] for row in sentence] for sentence in rows]
    predicted = [[row[2] for row in sentence] for sentence in rows]
    scores = [score(due, predicted) for score in (f1_score, precision_score, recall_score)]
    print(f"{path.stem}: F1 {scores[0]:.10f}, precision {scores[1]:.10f}, recall {scores[2]:.10f}")
