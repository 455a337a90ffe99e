"""Writes test/evaluation/golden/translation.json.gz: BLEU, sentence BLEU, chrF, chrF++ and perplexity of random cases.

    pip install sacrebleu==2.6.0 torch==2.15.0
    python tools/goldens/translation_cases.py

A case is a small corpus of made-up sentences, damaged at random, with one or two references, and options drawn at
random. Perplexities are those of torch's cross-entropy over the targets that are not ignored.
"""

import gzip
import json
import random
from pathlib import Path

import sacrebleu
import torch
from sacrebleu.metrics import BLEU, CHRF

GOLDEN = Path(__file__).parents[2] / "test" / "evaluation" / "golden" / "translation.json.gz"
CASES = 1000
WORDS = "the a cat dog's runs, sleeps. über été 3.5 1,000 x-y (no) \"so\" ... 你好 Straße U.S. can't & don’t —".split()


def sentence(rng):
    return " ".join(rng.choices(WORDS, k=rng.randint(0, 12) or rng.randint(1, 3)))


def damaged(text, rng):
    words = text.split()
    for _ in range(rng.randint(0, 4)):
        at = rng.randrange(len(words)) if words else 0
        kind = rng.randrange(4)
        if kind == 0 and words:
            del words[at]
        elif kind == 1:
            words.insert(at, rng.choice(WORDS))
        elif kind == 2 and words:
            words[at] = words[at].upper()
        elif words:
            words[at] = words[at][::-1]
    return " ".join(words)


def translation_case(rng):
    references = [[sentence(rng) for _ in range(rng.randint(1, 5))]]
    hypotheses = [damaged(text, rng) for text in references[0]]
    if rng.random() < 0.4:
        references.append([damaged(text, rng) or "a" for text in references[0]])
    bleu = {
        "tokenize": rng.choice(["13a", "intl", "char", "none"]),
        "lowercase": rng.random() < 0.3,
        "maxOrder": rng.choice([2, 4, 4, 4]),
        "smoothing": rng.choice(["exp", "exp", "floor", "add-k", "none"]),
    }
    metric = BLEU(
        tokenize=bleu["tokenize"],
        lowercase=bleu["lowercase"],
        max_ngram_order=bleu["maxOrder"],
        smooth_method=bleu["smoothing"],
    )
    chrf = {"charOrder": rng.choice([6, 6, 4]), "wordOrder": rng.choice([0, 2]), "lowercase": rng.random() < 0.3}
    other = CHRF(char_order=chrf["charOrder"], word_order=chrf["wordOrder"], lowercase=chrf["lowercase"])
    firsts = [stream[0] for stream in references]
    return {
        "hypotheses": hypotheses,
        "references": references,
        "bleuOptions": bleu,
        "bleu": metric.corpus_score(hypotheses, references).score,
        "sentence": sacrebleu.sentence_bleu(hypotheses[0], firsts).score,
        "chrfOptions": chrf,
        "chrf": other.corpus_score(hypotheses, references).score,
    }


def perplexity_case(rng):
    """Losses of each text's tokens, and the perplexity of all: texts of different lengths, padded with ignored targets."""
    lengths = [rng.randint(1, 6) for _ in range(rng.randint(1, 4))]
    logits = torch.tensor([[[rng.gauss(0, 2) for _ in range(5)] for _ in range(6)] for _ in lengths], dtype=torch.float64)
    targets = torch.tensor([[rng.randrange(5) if at < length else -100 for at in range(6)] for length in lengths])
    each = torch.nn.functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    mean = torch.nn.functional.cross_entropy(logits.reshape(-1, 5), targets.reshape(-1))
    nats = [[value for value in row[:length]] for row, length in zip(each.tolist(), lengths)]
    return {"nats": nats, "perplexity": float(mean.exp())}


def main():
    rng = random.Random(11)
    golden = {
        "reference": f"sacrebleu {sacrebleu.__version__}, torch {torch.__version__.split('+')[0]}",
        "translation": [translation_case(rng) for _ in range(CASES)],
        "perplexity": [perplexity_case(rng) for _ in range(CASES)],
    }
    data = json.dumps(golden, ensure_ascii=False, separators=(",", ":"))
    GOLDEN.write_bytes(gzip.compress(data.encode(), 9, mtime=0))
    print(f"{GOLDEN.name}: {CASES} cases each, {GOLDEN.stat().st_size} bytes")


main()
