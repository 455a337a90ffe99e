"""Compares our BLEU and chrF with sacreBLEU's on the Multi30k test sets and damaged versions of them.

Not part of the tests: the data is not the project's. Build first, then, from the root of the repository:

    python tools/checks/sacrebleu-multi30k.py [--data ../shared/data/multi30k] [--build dist]

Every line must be equal apart from the version in the signature; exits with 1 if one is not.
"""

import argparse
import gzip
import itertools
import json
import random
import re
import subprocess
import sys
from pathlib import Path

from sacrebleu.metrics import BLEU, CHRF

TOKENIZATIONS = ["13a", "none", "char", "intl"]
MARKS = ["…", "“quoted”", "1,000.5", "3-4", "https://example.org/a?b=1&c=d", "&quot;", "😀👍🏽", "北京。", "5 %", "–", "'s"]


def read(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        return [line.rstrip("\n") for line in file]


def damage(lines, rate, generator):
    """Words dropped, doubled, swapped, cut, glued to marks, put in another case; some lines empty or another line's."""
    results = []
    for line in lines:
        words = line.split(" ")
        for at in range(len(words)):
            if generator.random() >= rate:
                continue
            words[at] = generator.choice(
                # Dropping counts four times, so that some outputs are shorter than the references and pay for it.
                [lambda word: ""] * 4
                + [
                    lambda word: f"{word} {word}",
                    lambda word: word.upper(),
                    lambda word: word[::-1],
                    lambda word: word + generator.choice([".", ",", "!", ")", "-", "\u00a0"]),
                    lambda word: f"{word} {generator.choice(MARKS)}",
                    lambda word: generator.choice(words),
                ]
            )(words[at])
        if generator.random() < rate / 10:
            words = generator.choice([[], words[: len(words) // 2], generator.choice(lines).split(" ")])
        results.append(" ".join(words))
    return results


def python_options(options):
    names = {"maxOrder": "max_ngram_order", "smoothing": "smooth_method", "wordOrder": "word_order"}
    return {names.get(name, name): value for name, value in options.items()}


def compare(title, hypotheses, references, build):
    bleu = [
        {"tokenize": tokenize, "lowercase": lowercase} for tokenize, lowercase in itertools.product(TOKENIZATIONS, (False, True))
    ] + [{"maxOrder": 2}, {"smoothing": "floor"}, {"smoothing": "add-k"}]
    chrf = [{}, {"wordOrder": 2}, {"lowercase": True, "whitespace": True}]
    request = {"hypotheses": hypotheses, "references": references, "bleu": bleu, "chrf": chrf}
    run = subprocess.run(
        ["node", str(Path(__file__).with_name("score-lines.mjs")), build],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )
    ours = json.loads(run.stdout)
    theirs = []
    for metric in [BLEU(**python_options(o)) for o in bleu] + [CHRF(**python_options(o)) for o in chrf]:
        score = metric.corpus_score(hypotheses, references)
        theirs.append(score.format(signature=str(metric.get_signature())))
    plain = lambda line: re.sub(r"version:(heed-)?[0-9][^ ]*", "", line)  # noqa: E731
    different = [(a, b) for a, b in zip(ours["lines"], theirs, strict=True) if plain(a) != plain(b)]
    seconds = ours["seconds"] / len(theirs)
    print(f"{title}: {len(theirs) - len(different)} of {len(theirs)} equal, {seconds:.3f} s a score; {ours['lines'][0]}")
    for mine, reference in different:
        print(f"  ours   {mine}\n  theirs {reference}")
    return len(theirs), len(different)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="../shared/data/multi30k", type=Path)
    parser.add_argument("--build", default="dist")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        print(f"skipped: there is no folder {arguments.data}")
        return 0
    generator = random.Random(11)
    totals, wrong = 0, 0
    for name, language in itertools.product(["test_2016_flickr", "test_2017_flickr", "test_2017_mscoco"], ["en", "de"]):
        lines = read(arguments.data / f"{name}.{language}.gz")
        second = damage(lines, 0.2, generator)
        for rate in (0, 0.1, 0.4, 0.9):
            hypotheses = damage(lines, rate, generator)
            for references in ([lines], [second, lines]):
                title = f"{name}.{language}, {len(lines)} lines, damage {rate}, {len(references)} references"
                compared, different = compare(title, hypotheses, references, arguments.build)
                totals, wrong = totals + compared, wrong + different
    print(f"{totals - wrong} of {totals} equal")
    return 1 if wrong else 0


sys.exit(main())
