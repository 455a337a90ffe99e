"""Writes test/tokens/golden/trainers.json from Python's `tokenizers`: what its three trainers learn, over their settings.

Run from the repository root: python tools/goldens/tokenizer_training.py
"""

import json
from collections import Counter
from importlib.metadata import version
from pathlib import Path

from tokenizer_texts import corpus
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

OUT = Path("test/tokens/golden/trainers.json")
SPECIAL = ["<pad>", "<unk>"]


def bundled(count: int) -> list[str]:
    """The first lines of both sides of the bundled corpus."""
    folder = Path("corpus/french-english")
    return [line for side in ("fr", "en") for line in (folder / f"train.{side}").read_text("utf8").split("\n")[:count]]


def forms(lines: list[str], prefix: str, suffix: str) -> list[str]:
    """Characters as they stand inside and at the end of words.

    The trainer numbers them in no fixed order, and of equally frequent pairs it joins those with the smaller numbers
    first. As special tokens they have numbers of their own.
    """
    found = set()
    for line in lines:
        for word, _ in pre_tokenizers.BertPreTokenizer().pre_tokenize_str(line):
            for i, character in enumerate(word):
                form = (prefix if i > 0 else "") + character + (suffix if i == len(word) - 1 else "")
                if form != character:
                    found.add(form)
    return sorted(found)


def limit_without_tie(lines: list[str], limit: int, initial: list[str]) -> int:
    """Which of equally frequent characters are left out is not fixed, so the limit must not fall among such."""
    counts = Counter("".join(lines).replace(" ", ""))
    counts.update({text[0]: 10**9 for text in initial})
    ordered = counts.most_common()
    while ordered[limit - 1][1] == ordered[limit][1]:
        limit -= 1
    return limit


def merge_case(name: str, kind: str, lines: list[str], text: str, **settings) -> dict:
    prefix = settings.get("continuing_subword_prefix", "##" if kind == "wordpiece" else "") or ""
    suffix = settings.get("end_of_word_suffix", "") or ""
    special = SPECIAL + (forms(lines, prefix, suffix) if prefix or suffix else [])
    if kind == "wordpiece":
        tokenizer, trainer = Tokenizer(models.WordPiece(unk_token="<unk>")), trainers.WordPieceTrainer
    else:
        tokenizer, trainer = Tokenizer(models.BPE(unk_token="<unk>")), trainers.BpeTrainer
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(lines, trainer(special_tokens=special, show_progress=False, **settings))
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    return {
        "name": name,
        "kind": kind,
        "text": text,
        "settings": settings,
        "special": special,
        "tokens": tokens[len(special) :],
        **({"merges": model["merges"]} if kind == "bpe" else {}),
    }


def unigram_case(name: str, lines: list[str], count: int, **settings) -> dict:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(special_tokens=SPECIAL, unk_token="<unk>", show_progress=False, **settings)
    tokenizer.train_from_iterator(lines, trainer)
    pieces = json.loads(tokenizer.to_str())["model"]["vocab"][len(SPECIAL) :]
    return {"name": name, "lines": count, "settings": settings, "pieces": [[piece, round(score, 6)] for piece, score in pieces]}


def plain_wordpiece(lines: list[str], size: int) -> list[str]:
    """The trainer as it is, which does not repeat itself."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=["[UNK]"], show_progress=False)
    tokenizer.train_from_iterator(lines, trainer)
    return sorted(tokenizer.get_vocab())


if __name__ == "__main__":
    made, real = corpus(), bundled(2000)
    initial = ["z", "Ω", "ab"]
    common = {"min_frequency": 2, "limit_alphabet": limit_without_tie(real, 50, initial), "initial_alphabet": initial}
    golden = {
        "reference": f"tokenizers {version('tokenizers')}",
        "merges": [
            merge_case("longest token 5", "bpe", made, "made", vocab_size=700, max_token_length=5),
            merge_case("longest token 2", "bpe", made, "made", vocab_size=700, max_token_length=2),
            merge_case("prefix", "bpe", made, "made", vocab_size=450, continuing_subword_prefix="##"),
            merge_case("suffix", "bpe", made, "made", vocab_size=450, end_of_word_suffix="</w>"),
            merge_case("prefix and suffix", "bpe", made, "made", vocab_size=600, continuing_subword_prefix="@@", end_of_word_suffix="</w>"),
            merge_case("all settings", "bpe", real, "bundled", vocab_size=700, max_token_length=9, continuing_subword_prefix="@", end_of_word_suffix="$", **common),
            merge_case("WordPiece", "wordpiece", real, "bundled", vocab_size=700),
            merge_case("WordPiece, all settings", "wordpiece", real, "bundled", vocab_size=600, continuing_subword_prefix="~", end_of_word_suffix="$", **common),
        ],
        "wordpiece": {"lines": 2000, "size": 1000, "tokens": plain_wordpiece(real, 1000)},
        "unigram": [
            unigram_case("as it is", real, 2000, vocab_size=1000),
            unigram_case("other settings", bundled(600), 600, vocab_size=300, shrinking_factor=0.6, n_sub_iterations=3, max_piece_length=5, initial_alphabet=["Ω", "z"]),
            unigram_case("one sub-iteration", bundled(600), 600, vocab_size=400, n_sub_iterations=1, shrinking_factor=0.9),
        ],
    }
    OUT.write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n", "utf8")
