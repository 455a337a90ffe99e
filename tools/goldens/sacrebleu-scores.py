"""Writes test/evaluation/golden/sacrebleu.json: what sacreBLEU says of small texts that this script makes itself.

    pip install sacrebleu==2.6.0
    python tools/goldens/sacrebleu-scores.py
"""

import json
import os
import random
from pathlib import Path

import numpy as np
import sacrebleu
from sacrebleu import significance
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import _paired_ar_test, _paired_bs_test, Result

GOLDEN = Path(__file__).parents[2] / "test" / "evaluation" / "golden" / "sacrebleu.json"
TOKENIZATIONS = ["13a", "none", "char", "intl"]
SEED = 12345

# Pairs of references: two ways to say the same.
ENGLISH = [
    ("A woman in a red coat waits for the tram.", "A lady wearing a red coat is waiting for the tram."),
    ("Two boys are building a castle out of wet sand.", "Two boys build a sandcastle from wet sand."),
    ("The old baker doesn't sell bread on Mondays.", "On Mondays, the old baker does not sell any bread."),
    ("Three dogs chase a yellow ball across the frozen lake.", "Three dogs run after a yellow ball on a frozen lake."),
    ("A man with a beard is tuning his guitar on stage.", "A bearded man tunes a guitar on the stage."),
    ("Children in school uniforms cross the street, holding hands.", "Schoolchildren cross the street hand in hand."),
    ("Someone has left an umbrella under the bench.", "An umbrella was left under the bench by someone."),
    ("A cyclist drinks water while a girl takes her picture.", "A girl photographs a cyclist who drinks water."),
    ("The fishermen mend their nets before the sun rises.", "Before sunrise the fishermen repair their nets."),
    ("People are dancing; nobody is watching the band.", "People dance, and no one watches the band."),
]
GERMAN = [
    ("Eine Frau im roten Mantel wartet auf die Straßenbahn.", "Eine Dame in rotem Mantel wartet auf die Tram."),
    ("Zwei Jungen bauen eine Burg aus nassem Sand.", "Zwei Buben bauen aus nassem Sand eine Burg."),
    ("Der alte Bäcker verkauft montags kein Brot.", "Montags verkauft der alte Bäcker kein Brot."),
    ("Drei Hunde jagen einen gelben Ball über den gefrorenen See.", "Drei Hunde laufen auf dem See einem Ball nach."),
    ("Ein Mann mit Bart stimmt auf der Bühne seine Gitarre.", "Ein bärtiger Mann stimmt seine Gitarre."),
    ("„Wo ist mein Schirm?“, fragt das Mädchen.", "Das Mädchen fragt: »Wo ist mein Schirm?«"),
]
FRENCH = [
    ("Une femme en manteau rouge attend le tramway.", "Une dame au manteau rouge attend le tram."),
    ("Deux garçons bâtissent un château de sable mouillé.", "Deux garçons font un château avec du sable mouillé."),
    ("Le vieux boulanger ne vend pas de pain le lundi.", "Le lundi, le vieux boulanger ne vend pas de pain."),
    ("L'homme barbu accorde sa guitare sur la scène.", "L’homme à la barbe accorde sa guitare sur scène."),
    ("« Qui a oublié son parapluie ? » demande la fille.", "La fille demande : « Qui a oublié son parapluie ? »"),
    ("Aujourd'hui, l'été s'achève à l'île d'Yeu.", "L'été finit aujourd'hui sur l'île d'Yeu."),
]
# Hypothesis, first and second reference: what tokenizations trip over.
ODD = [
    ("The bill was 1,000.50 euros.", "The bill came to 1,000.5 euros.", "The bill: 1000.50 €."),
    ("In 2024, 3-4 trains ran per hour.", "In 2024 three to four trains ran per hour.", "In 2024, 3–4 trains ran."),
    ("See https://example.org/a-b?c=1&d=2#top now!", "See http://example.org/a-b?c=1&d=2 now.", "See example.org!"),
    ("Tom &amp; Ann said &quot;no&quot; &lt;twice&gt;.", 'Tom & Ann said "no" <twice>.', "Tom &amp; Ann said no."),
    ("He paid $5.00 (or 5%) ...", "He paid $5 (or 5 %)…", "He paid 5 dollars, or 5%."),
    ("“Wait”—she said—‘please’", '"Wait" - she said - "please"', "Wait -- she said 'please'"),
    ("a <skipped> word and semi- final", "a word and semi-final", "a word, and a semi-final"),
    ("Great 😀👍🏽 show!! 🇫🇷", "Great 😀 show! 🇫🇷", "Great show 😀👍🏽!"),
    ("他在北京喝茶。", "他在北京喝绿茶。", "他正在北京喝茶。"),
    ("東京タワーへ行きました", "昨日、東京タワーへ行った。", "東京タワーに行きました。"),
    ("Ἀθῆναι ΟΔΟΣ İstanbul", "Ἀθῆναι οδος istanbul", "Ἀθήνα ΟΔΌΣ Istanbul"),
    ("Привет, мир — ½ + ²√x ≤ 3°C", "Привет мир: ½ + ²√x <= 3°C", "Привет, мир!"),
    ("tabs\tand\u00a0no-break\u2009thin\u3000wide spaces  ", "tabs and no-break thin wide spaces", "tabs and spaces"),
    ("e-mail: o'neil@example.com; C++/C# ~ [x] {y} \\z ^ `q` |", "E-mail o'neil@example.com", "C++ / C# [x] {y}"),
    ("The year ended in 1999.", "The year ended in 1999.", "The year ended in 1999 ."),
    ("nai\u0308ve cafe\u0301 vs naïve café", "naïve café vs naïve café", "nai\u0308ve café"),
    ("odd\u001cseparators\u0085here\ufeffand\u200bthere", "odd separators here and there", "odd separators"),
]
EMPTY = [
    ("", "Nothing came out at all.", "No output."),
    ("   ", "Only blanks came out of it.", ""),
    ("Some words came out of it.", "", "Some words came out."),
    ("The same words came out of it.", "The same words came out of it.", "The same words."),
]
SHORT = [("A dog.", "A dog runs over the grass.", "A dog is running."), ("Run", "Run!", "run"), ("he he", "he", "He he")]
LONG = [
    ("the the the the the the the the", "the cat is on the mat", "there is a cat on the mat"),
    ("a man a man a man rides a horse horse horse today", "A man rides a horse.", "A rider on a horse."),
]
NOTHING = [("foo bar baz qux", "one two three four five", "six"), ("lorem ipsum", "dolor sit", "amet")]
LECTURE = [
    ("He He He eats tasty fruit", "He eats a sweet apple", "He is eating a tasty apple"),
    ("The guard arrived late because of the rain", "The guard arrived late because it was raining", "It rained"),
]
# A precision of 1/16 is 6.25 %: Python prints such a half as 6.2, toFixed of JavaScript as 6.3.
HALVES = [(" ".join(["a"] + [f"x{i}" for i in range(15)]), "a b c d e f g h i j k l m n o p", "a")]


def damage(sentence, generator):
    """A worse version of a sentence, as a system might put it out."""
    words = sentence.split()
    kind = generator.randrange(8)
    at = generator.randrange(len(words) - 1)
    if kind == 0:
        del words[at]
    elif kind == 1:
        words[at], words[at + 1] = words[at + 1], words[at]
    elif kind == 2:
        words[at] = words[at].swapcase()
    elif kind == 3:
        words.insert(at, words[at])
    elif kind == 4:
        words = words[: len(words) // 2 + 1]
    elif kind == 5:
        return sentence.replace(".", " .").replace(",", " , ").lower()
    elif kind == 6:
        words[at] = words[at][::-1]
    return " ".join(words)


def damaged(pairs, generator):
    """[hypotheses], [first references], [second references]."""
    hypotheses = [damage(generator.choice(pair), generator) for pair in pairs]
    return [hypotheses, [first for first, _ in pairs], [second for _, second in pairs]]


def corpora():
    generator = random.Random(7)
    texts = {
        "english": damaged(ENGLISH, generator),
        "englishAgain": damaged(ENGLISH, generator),
        "german": damaged(GERMAN, generator),
        "french": damaged(FRENCH, generator),
        **{
            name: [list(lines) for lines in zip(*rows)]
            for name, rows in {
                "odd": ODD,
                "empty": EMPTY,
                "short": SHORT,
                "long": LONG,
                "nothing": NOTHING,
                "lecture": LECTURE,
                "halves": HALVES,
                "perfect": [(first, first, second) for first, second in GERMAN],
            }.items()
        },
    }
    return {name: {"hypotheses": t[0], "references": t[1:]} for name, t in texts.items()}


def bleu_arguments(options):
    names = {
        "tokenize": "tokenize",
        "lowercase": "lowercase",
        "maxOrder": "max_ngram_order",
        "smoothing": "smooth_method",
        "smoothingValue": "smooth_value",
        "effectiveOrder": "effective_order",
    }
    return {names[name]: value for name, value in options.items()}


def bleu_case(name, corpus, references, options):
    metric = BLEU(**bleu_arguments(options))
    score = metric.corpus_score(corpus["hypotheses"], corpus["references"][:references])
    return {"corpus": name, "references": references, "options": options, **bleu_result(metric, score)}


def bleu_result(metric, score):
    return {
        "score": score.score,
        "counts": score.counts,
        "totals": score.totals,
        "line": score.format(signature=str(metric.get_signature())),
        "coarse": score.format(width=1, score_only=True),
    }


def bleu_cases(texts):
    for name, corpus in texts.items():
        for tokenize in TOKENIZATIONS:
            for references in (1, 2):
                for case in ({}, {"lowercase": True}):
                    yield bleu_case(name, corpus, references, {"tokenize": tokenize, **case})
    for name in ("english", "short", "long", "nothing", "lecture", "empty"):
        for options in (
            *({"maxOrder": order} for order in (1, 2, 3, 6)),
            {"smoothing": "none"},
            {"smoothing": "floor"},
            {"smoothing": "floor", "smoothingValue": 0.01},
            {"smoothing": "add-k"},
            {"smoothing": "add-k", "smoothingValue": 0.5},
            {"effectiveOrder": True},
            {"effectiveOrder": True, "smoothing": "none"},
            {"effectiveOrder": True, "smoothing": "add-k"},
        ):
            yield bleu_case(name, texts[name], 2, options)


def sentence_cases(texts):
    for name in ("english", "odd", "empty", "short", "long", "lecture"):
        for index, hypothesis in enumerate(texts[name]["hypotheses"]):
            lines = [stream[index] for stream in texts[name]["references"]]
            score = sacrebleu.sentence_bleu(hypothesis, lines)
            yield {"corpus": name, "index": index, "score": score.score, "line": score.format()}


def chrf_cases(texts):
    variants = (
        {},
        {"wordOrder": 2},
        {"wordOrder": 1, "lowercase": True},
        {"whitespace": True},
        {"charOrder": 3, "beta": 1},
        {"beta": 3, "lowercase": True},
    )
    names = {"charOrder": "char_order", "wordOrder": "word_order"}
    for name, corpus in texts.items():
        for options in variants:
            for references in (1, 2):
                metric = CHRF(**{names.get(key, key): value for key, value in options.items()})
                score = metric.corpus_score(corpus["hypotheses"], corpus["references"][:references])
                yield {
                    "corpus": name,
                    "references": references,
                    "options": options,
                    "score": score.score,
                    "line": score.format(signature=str(metric.get_signature())),
                }


def parts(corpus):
    return [corpus["hypotheses"], *corpus["references"]]


def tokenized(texts):
    """Lines of the corpora, and every printable character of Latin-1 and some blocks beside letters and digits."""
    lines = [line for name in ("odd", "french", "german") for part in parts(texts[name]) for line in part]
    marks = [chr(code) for code in (*range(0x21, 0x7F), *range(0xA1, 0x100), *range(0x2010, 0x2060), *range(0x20A0, 0x20C0))]
    marks += list("、。「」〈〉・！？（）～￥٪،؟۔।॥׳״¿¡٠१五Ⅷ½①")
    # The trap: white space at the end, and line breaks inside, which 13a treats on its own.
    lines += [f"a{mark}b 1{mark}2 c{mark} {mark}3 {mark}{mark}" for mark in marks]
    lines += ["ends in a dash-\nand goes on", "two\nlines.\n", "trailing- \n", "&amp;lt; &amp;amp; &apos;", "1.\n", "7, "]
    lines = list(dict.fromkeys(lines))
    results = {}
    for name in TOKENIZATIONS:
        metric = BLEU(tokenize=name)
        results[name] = [metric._preprocess_segment(line).split() for line in lines]
    lowered = BLEU(tokenize="none", lowercase=True)
    return {
        "lines": lines,
        # Joined by a line feed, which no token holds.
        **{name: ["\n".join(tokens) for tokens in rows] for name, rows in results.items()},
        "lowercase": ["\n".join(lowered._preprocess_segment(line).split()) for line in lines],
    }


def with_ties(test):
    """The p-value where chance outcomes as large as the real one count too, as in Riezler and Maxwell 2005."""
    original = significance._compute_p_value
    significance._compute_p_value = lambda stats, real: (np.sum(stats > real - 1e-9).item() + 1) / (len(stats) + 1)
    try:
        return test()
    finally:
        significance._compute_p_value = original


def resampling(texts):
    """sacreBLEU's interval and paired tests, with the draws that it made."""
    references = texts["english"]["references"]
    baseline, system = texts["english"]["hypotheses"], texts["englishAgain"]["hypotheses"]
    samples, segments = 120, len(baseline)
    os.environ["SACREBLEU_SEED"] = str(SEED)
    drawn = np.random.default_rng(SEED).choice(segments, size=(samples, segments), replace=True)
    exchanged = np.random.default_rng(SEED).integers(2, size=(samples, segments), dtype=bool)
    results = []
    for name, make in {"bleu": BLEU, "chrf": CHRF}.items():
        metric = make()
        score = metric.corpus_score(baseline, references, n_bootstrap=samples)
        signature = str(metric.get_signature())
        line = score.format(signature=signature)
        info = {name: (metric._extract_corpus_statistics(baseline, references), Result(score.score))}
        arguments = (info, "system", system, references, {name: metric}, samples, -1, SEED)
        bootstrap = _paired_bs_test(*arguments)[1][name]
        randomization = _paired_ar_test(*arguments)[1][name]
        results.append(
            {
                "metric": name,
                "line": line,
                "system": bootstrap.score,
                "systemMean": float(bootstrap.mean),
                "systemHalfWidth": float(bootstrap.ci),
                "bootstrapP": bootstrap.p_value,
                "randomizationP": randomization.p_value,
                "randomizationPWithTies": with_ties(lambda: _paired_ar_test(*arguments)[1][name].p_value),
            }
        )
    return {
        "samples": samples,
        "seed": SEED,
        # A digit for each of the ten segments.
        "drawn": ["".join(map(str, row)) for row in drawn.tolist()],
        # In sacreBLEU true keeps the outputs in place and false exchanges them.
        "exchanged": ["".join(map(str, row)) for row in (~exchanged).astype(int).tolist()],
        "results": results,
    }


def main():
    texts = corpora()
    golden = {
        "reference": f"sacrebleu {sacrebleu.__version__}",
        "corpora": texts,
        "bleu": list(bleu_cases(texts)),
        "sentenceBleu": list(sentence_cases(texts)),
        "chrf": list(chrf_cases(texts)),
        "tokens": tokenized(texts),
        "resampling": resampling(texts),
    }
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{json.dumps(key)}: {compact(value)}" for key, value in golden.items()]
    GOLDEN.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    print(f"{GOLDEN.name}: {len(golden['bleu'])} of BLEU, {len(golden['chrf'])} of chrF, {GOLDEN.stat().st_size} bytes")


def compact(value):
    """JSON with one case a line, so that a change of one case is a change of one line."""
    dump = lambda item: json.dumps(item, ensure_ascii=True)  # noqa: E731
    if isinstance(value, list):
        return "[\n" + ",\n".join(dump(item) for item in value) + "\n]"
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{dump(key)}: {dump(item)}" for key, item in value.items()) + "\n}"
    return dump(value)


main()
