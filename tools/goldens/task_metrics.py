"""Writes test/evaluation/golden/*.json.gz: what the reference implementations say of random small cases.

    pip install scikit-learn==1.9.1 scipy==1.17.1 seqeval==1.2.2 rouge-score==0.1.2 nltk==3.10.4 \
        pytrec_eval-terrier==0.5.11 "transformers==4.57.6"
    python tools/goldens/task_metrics.py --squad evaluate-v1.1.py

evaluate-v1.1.py is the official script of SQuAD 1.1 (squad/evaluate-v1.1.py in allenai/bi-att-flow); that of 2.0 is in
transformers 4. Each file holds 1,000 cases of each metric, rounded to 12 significant digits.
"""

import argparse
import gzip
import importlib.util
import itertools
import json
import random
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytrec_eval
from nltk.stem.porter import PorterStemmer
from rouge_score import rouge_scorer
from scipy import stats
from seqeval import metrics as seqeval_metrics
from seqeval import scheme as seqeval_scheme
from sklearn import metrics
from sklearn.calibration import calibration_curve

warnings.filterwarnings("ignore")
GOLDEN = Path(__file__).parents[2] / "test" / "evaluation" / "golden"
CASES = 1000
AVERAGES = ["micro", "macro", "weighted"]


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [rounded(one) for one in value]
    if isinstance(value, (float, np.floating)):
        # JSON has no NaN.
        return None if np.isnan(value) else float(f"{value:.12g}")
    return int(value) if isinstance(value, (int, np.integer)) and not isinstance(value, bool) else value


def write(name, packages, cases):
    stamp = ", ".join(f"{package} {version(package)}" for package in packages)
    data = json.dumps({"reference": stamp, **rounded(cases)}, ensure_ascii=False, separators=(",", ":"))
    (GOLDEN / f"{name}.json.gz").write_bytes(gzip.compress(data.encode(), 9, mtime=0))


def classification(rng):
    for _ in range(CASES):
        labels = "abcde"[: rng.randint(1, 5)]
        size = rng.randint(1, 20)
        gold = rng.choices(labels, k=size)
        skill = rng.random()
        predicted = [g if rng.random() < skill else rng.choice(labels) for g in gold]
        present = sorted(set(gold) | set(predicted))
        averages = [metrics.precision_recall_fscore_support(gold, predicted, average=a)[:3] for a in AVERAGES]
        each = metrics.precision_recall_fscore_support(gold, predicted, labels=present)
        yield {
            "gold": "".join(gold),
            "predicted": "".join(predicted),
            "accuracy": metrics.accuracy_score(gold, predicted),
            "matthews": metrics.matthews_corrcoef(gold, predicted),
            "averages": averages,
            "classes": np.transpose(each),
            "confusion": metrics.confusion_matrix(gold, predicted).flatten(),
        }


def probabilities(rng):
    """Probabilities are whole weights over their sum, so that the file is small and both sides divide alike."""
    for _ in range(CASES):
        size, classes = rng.randint(1, 12), rng.randint(2, 4)
        weights = [[rng.randint(1, 9) for _ in range(classes)] for _ in range(size)]
        gold = [rng.randrange(classes) for _ in range(size)]
        table = np.array([[w / sum(row) for w in row] for row in weights])
        confidence, correct = table.max(axis=1), (table.argmax(axis=1) == gold).astype(int)
        bins = rng.choice([5, 10, 15])
        share, mean = calibration_curve(correct, confidence, n_bins=bins)
        places = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], confidence)
        filled = np.bincount(places, minlength=bins)
        filled = filled[filled > 0]
        case = {
            "gold": gold,
            "weights": weights,
            "bins": bins,
            "filled": filled,
            "share": share,
            "mean": mean,
            "calibration": np.average(np.abs(share - mean), weights=filled),
            "brier": metrics.brier_score_loss(gold, table, labels=range(classes), scale_by_half=False),
            "nats": metrics.log_loss(gold, table, labels=range(classes)),
        }
        ks = [k for k in (1, 2, 3) if k < classes]
        if classes > 2:
            case["top"] = [metrics.top_k_accuracy_score(gold, table, k=k, labels=range(classes)) for k in ks]
        yield case


def ranking(rng):
    for _ in range(CASES):
        size = rng.randint(2, 15)
        positive = [0, 1] + [rng.randint(0, 1) for _ in range(size - 2)]
        rng.shuffle(positive)
        highest = rng.choice([2, 9, 99])
        scores = [rng.randint(0, highest) for _ in range(size)]
        yield {
            "positive": positive,
            "scores": scores,
            "auc": metrics.roc_auc_score(positive, scores),
            "precision": metrics.average_precision_score(positive, scores),
        }


def regression(rng):
    for _ in range(CASES):
        size = rng.randint(2, 12)
        digits = rng.choice([0, 2])
        x = [round(rng.gauss(3, 2), digits) for _ in range(size)]
        y = [round(value + rng.gauss(0, 2), digits) for value in x]
        yield {
            "gold": x,
            "predicted": y,
            "pearson": stats.pearsonr(x, y)[0],
            "spearman": stats.spearmanr(x, y)[0],
            "squared": metrics.mean_squared_error(x, y),
            "absolute": metrics.mean_absolute_error(x, y),
            "explained": metrics.r2_score(x, y) if len(set(x)) > 1 else float("nan"),
        }


def tags(rng, prefixes, length):
    return [rng.choice([p if p == "O" else f"{p}-{rng.choice(['P', 'L', 'M'])}" for p in prefixes]) for _ in range(length)]


def disturbed(rng, sentence, prefixes):
    return [tag if rng.random() < 0.8 else tags(rng, prefixes, 1)[0] for tag in sentence]


def spans(rng, schemes):
    for _ in range(CASES):
        scheme, prefixes = rng.choice(schemes)
        gold = [tags(rng, prefixes + "OO", rng.randint(1, 8)) for _ in range(rng.randint(1, 3))]
        predicted = [disturbed(rng, sentence, prefixes) for sentence in gold]
        strict = {"mode": "strict", "scheme": getattr(seqeval_scheme, scheme)} if scheme else {}

        def scores(average):
            parts = [seqeval_metrics.precision_score, seqeval_metrics.recall_score, seqeval_metrics.f1_score]
            found = [part(gold, predicted, average=average, **strict) for part in parts]
            return np.transpose(found) if average is None else found

        averages = [scores(average) for average in AVERAGES]
        yield {
            "scheme": scheme,
            "gold": [" ".join(s) for s in gold],
            "predicted": [" ".join(s) for s in predicted],
            "averages": averages,
            "types": scores(None),
            "accuracy": seqeval_metrics.accuracy_score(gold, predicted),
        }


ANSWER_WORDS = "the The a an A. another theory Théâtre the-end Paris paris, Paris. “Paris” 3,000 3000 $5 5 ½ X_a _the_ naïve naïve".split(" ")
ANSWER_WORDS += ["U.S.", "US", "(b)", "—", "the\u00a0a", "a\u2009cat", "cat", "cat's", "Ⅷ", "الـ", "東京", "ß", "İ", "éa", "aé", "東the", "çan"]


def answer(rng):
    return " ".join(rng.choices(ANSWER_WORDS, k=rng.choice([0, 1, 1, 2, 3, 4])))


def predict(rng, answers):
    if not answers or rng.random() < 0.2:
        return rng.choice(["", answer(rng)])
    words = rng.choice(answers).split(" ")
    return " ".join(word for word in words if rng.random() < 0.8)


def squad(rng, script):
    from transformers.data.metrics.squad_metrics import squad_evaluate
    from transformers.data.processors.squad import SquadExample

    for _ in range(CASES):
        first = {f"q{i}": [answer(rng) for _ in range(rng.randint(1, 3))] for i in range(rng.randint(1, 4))}
        predicted = {q: predict(rng, answers) for q, answers in first.items() if rng.random() < 0.95}
        qas = [{"id": q, "answers": [{"text": text} for text in answers]} for q, answers in first.items()]
        one = script.evaluate([{"paragraphs": [{"qas": qas}]}], predicted)

        second = {"q0": [answer(rng)], **{f"q{i}": rng.choice([[], [answer(rng)]]) for i in range(1, rng.randint(2, 6))}}
        predictions = {q: predict(rng, answers) for q, answers in second.items()}
        no_answer = {q: rng.randint(0, 5) / 5 for q in second}
        threshold = rng.choice([0.3, 0.5, 1.0])
        examples = [
            SquadExample(q, "", "", None, None, "", answers=[{"text": text} for text in answers], is_impossible=not answers)
            for q, answers in second.items()
        ]
        two = squad_evaluate(examples, predictions, no_answer, threshold)
        yield {
            "one": {"questions": first, "predicted": predicted, "exact": one["exact_match"], "f1": one["f1"]},
            "two": {
                "questions": second,
                "predicted": predictions,
                "noAnswer": no_answer,
                "threshold": threshold,
                **{key: two.get(key) for key in ["exact", "f1", "HasAns_exact", "HasAns_f1", "NoAns_exact", "NoAns_f1"]},
                "best": [two[key] for key in ["best_exact", "best_exact_thresh", "best_f1", "best_f1_thresh"]],
            },
        }


SUMMARY_WORDS = "the cat cats sat sitting on mat mats U.S. 2nd co-op café Running runner ran quickly Nations national was ops the cats".split()


def summary(rng):
    return "".join(rng.choice(SUMMARY_WORDS) + rng.choice([" ", " ", " ", ". ", ".\n", "\n"]) for _ in range(rng.randint(0, 14)))


def rouge(rng):
    types = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    scorers = {stemmer: rouge_scorer.RougeScorer(types, use_stemmer=stemmer) for stemmer in (False, True)}
    for _ in range(CASES):
        references = [summary(rng) for _ in range(rng.choice([1, 1, 2]))]
        hypothesis = summary(rng)
        stemmer = rng.random() < 0.5
        scores = scorers[stemmer].score_multi(references, hypothesis)
        yield {"hypothesis": hypothesis, "references": references, "stemmer": stemmer, "scores": [scores[t] for t in types]}


SUFFIXES = """ s es ies ed ing eed ied ly y ational tional enci anci izer bli abli alli entli eli ousli ization ation ator
alism iveness fulness ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful ness al ance ence er ic able
ible ant ement ment ent sion tion ou ism ate iti ous ive ize e ll led ling ationally tionally ically fully logy logical""".split()
STEMS = """a by cr sk d fl appl control conflat trouble siz hopp fall fil fizz happ enjo relat hesit digit conform radic differ
vile analog vietnam predic oper feud decis hope call sensib geo theo archaeo tripl form electr good revi allow infer
gyroscop adjust irrit replac depend adopt homolog commun activ angul effect bowdler probat ceas roll yyy syzyg toy bray q
""".split()
PORTER_EXTRAS = "sky skies dying lying tying news innings inning outings outing cannings canning howe proceed exceed succeed dies died flies spied feed agreed sing bled spy say ab ox x1 99s 2nds using used use aged icing added owing eyes relationally formally".split()


def porter(rng):
    stemmer = PorterStemmer()
    words = {stem + "".join(rng.choices(SUFFIXES, k=rng.choice([1, 1, 2]))).strip() for stem in STEMS for _ in range(40)}
    words = sorted(words | set(PORTER_EXTRAS))
    return [[word, stemmer.stem(word)] for word in words]


def retrieval(rng):
    measures = {"recall.1,5", "recip_rank", "ndcg_cut.1,5"}
    for _ in range(CASES):
        names = "abcdefghijkl"[: rng.randint(1, 12)]
        relevant = {name: rng.choice([0, 0, 1, 2, 3]) for name in rng.sample(names, rng.randint(1, len(names)))}
        relevant[rng.choice(list(relevant))] = 1
        ranked = rng.sample(names, rng.randint(1, len(names)))
        run = {name: float(len(ranked) - place) for place, name in enumerate(ranked)}
        scores = pytrec_eval.RelevanceEvaluator({"q": relevant}, measures).evaluate({"q": run})["q"]
        keys = ["recall_1", "recall_5", "recip_rank", "ndcg_cut_1", "ndcg_cut_5"]
        yield {"ranked": "".join(ranked), "relevant": relevant, "scores": [scores[key] for key in keys]}


def macro_f1(rows):
    return metrics.f1_score([r[0] for r in rows], [r[1] for r in rows], average="macro")


def auc(rows):
    gold = [r[0] for r in rows]
    return metrics.roc_auc_score(gold, [r[1] for r in rows]) if 0 < sum(gold) < len(gold) else float("nan")


def spearman(rows):
    return stats.spearmanr([r[0] for r in rows], [r[1] for r in rows])[0]


def resampling(rng):
    """Intervals from given resamples, and exact permutation tests over all 2^n exchanges."""
    noisy = lambda g: 2 * g + rng.gauss(0, 1.5)
    for name, score, gold_of, predict_of in [
        ("macro F1", macro_f1, lambda: rng.randint(0, 2), lambda g: g if rng.random() < 0.5 else rng.randint(0, 2)),
        ("AUC", auc, lambda: 0, lambda g: round(noisy(g), 2)),
        ("Spearman", spearman, lambda: rng.randint(0, 9), lambda g: round(noisy(g), 2)),
    ]:
        size = 9
        gold = [gold_of() for _ in range(size)]
        if name == "AUC":
            # Few positive ones, so that some resamples have none.
            gold = [1, 1] + [0] * (size - 2)
        one, two = ([(g, predict_of(g)) for g in gold] for _ in range(2))
        drawn = [[rng.randrange(size) for _ in range(size)] for _ in range(200)]
        scores = [score([one[i] for i in draw]) for draw in drawn]
        defined = sorted(s for s in scores if not np.isnan(s))
        cut = int(len(defined) * 0.05 / 2 + 1e-9)
        difference = abs(score(two) - score(one))
        reached = 0
        for swaps in itertools.product([0, 1], repeat=size):
            first = [b if s else a for a, b, s in zip(one, two, swaps)]
            second = [a if s else b for a, b, s in zip(one, two, swaps)]
            reached += abs(score(second) - score(first)) >= difference - 1e-12
        yield {
            "name": name,
            "gold": gold,
            "one": [p for _, p in one],
            "two": [p for _, p in two],
            "drawn": ["".join(map(str, draw)) for draw in drawn],
            "score": score(one),
            "mean": np.mean(defined),
            "low": defined[cut],
            "high": defined[len(defined) - cut - 1],
            "undefined": len(scores) - len(defined),
            "reached": reached,
        }


def permutation(rng):
    """SciPy's own exact test of a paired mean."""
    for _ in range(20):
        size = rng.randint(4, 10)
        one, two = ([rng.randint(0, 4) for _ in range(size)] for _ in range(2))
        test = stats.permutation_test(
            (two, one), lambda x, y, axis: np.mean(x, axis=axis) - np.mean(y, axis=axis),
            permutation_type="samples", vectorized=True, n_resamples=np.inf,
        )
        yield {"one": one, "two": two, "p": test.pvalue}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--squad", required=True, help="the official evaluate-v1.1.py")
    spec = importlib.util.spec_from_file_location("squad1", parser.parse_args().squad)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    rng = random.Random(20)
    lenient = [("", "BIO"), ("", "BIESO")]
    strict = [("IOB2", "BIO"), ("IOBES", "BIESO"), ("BILOU", "BILUO")]
    write("classification", ["scikit-learn"], {"cases": list(classification(rng))})
    write("probabilities", ["scikit-learn"], {"cases": list(probabilities(rng))})
    write("ranking", ["scikit-learn"], {"cases": list(ranking(rng))})
    write("regression", ["scipy", "scikit-learn"], {"cases": list(regression(rng))})
    write("spans", ["seqeval"], {"lenient": list(spans(rng, lenient)), "strict": list(spans(rng, strict))})
    write("squad", ["transformers"], {"cases": list(squad(rng, script))})
    write("rouge", ["rouge-score", "nltk"], {"cases": list(rouge(rng)), "stems": porter(rng)})
    write("retrieval", ["pytrec_eval-terrier"], {"cases": list(retrieval(rng))})
    tests = {"resampled": list(resampling(rng)), "permuted": list(permutation(rng))}
    write("intervals", ["scikit-learn", "scipy"], tests)


if __name__ == "__main__":
    main()
