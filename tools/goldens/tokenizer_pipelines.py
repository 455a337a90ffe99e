"""Writes test/tokens/golden from Python's `tokenizers`: what training, encoding, decoding and each stage give.

Run from the repository root: python tools/goldens/tokenizer_pipelines.py
"""

import json
import random
from collections import Counter
from importlib.metadata import version
from pathlib import Path

from tokenizer_texts import corpus, nasty
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

OUT = Path("test/tokens/golden")
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]


def write(name: str, value: dict) -> None:
    stamped = {"reference": f"tokenizers {version('tokenizers')}", **value}
    (OUT / f"{name}.json").write_text(json.dumps(stamped, ensure_ascii=False, separators=(",", ":")) + "\n", "utf8")


def train_case(name: str, lines: list[str], **options) -> dict:
    kind, settings = options.pop("kind"), dict(options)
    tokenizer = Tokenizer(models.BPE(unk_token=None if kind == "byte-level" else "<unk>"))
    if kind == "byte-level":
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        options.setdefault("initial_alphabet", pre_tokenizers.ByteLevel.alphabet())
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(special_tokens=SPECIAL, show_progress=False, **options)
    tokenizer.train_from_iterator(lines, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return {
        "name": name,
        "kind": kind,
        "settings": settings,
        "merges": model["merges"],
        "tokens": sorted(model["vocab"], key=model["vocab"].get),
    }


def train_words(lines: list[str], **options) -> dict:
    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(lines, trainers.WordLevelTrainer(special_tokens=SPECIAL, show_progress=False, **options))
    vocab = tokenizer.get_vocab()
    return {"settings": options, "tokens": sorted(vocab, key=vocab.get)}


def limit_without_tie(lines: list[str], limit: int) -> int:
    """Which of equally frequent characters are left out is not fixed, so the limit must not fall among such."""
    counts = Counter("".join("▁" + line.replace(" ", "▁") for line in lines)).most_common()
    while counts[limit - 1][1] == counts[limit][1]:
        limit -= 1
    return limit


def write_training(lines: list[str]) -> None:
    draw = random.Random(3)
    letters = [" ".join("".join(draw.choice("ab") for _ in range(draw.randint(1, 30))) for _ in range(20)) for _ in range(6)]
    write("training", {
        "lines": lines,
        "letters": letters,
        "bpe": [
            train_case("byte-level", lines, kind="byte-level", vocab_size=700),
            train_case("minimum frequency", lines, kind="byte-level", vocab_size=5000, min_frequency=9),
            train_case("own alphabet", lines, kind="byte-level", vocab_size=300, initial_alphabet=["z", "q"]),
            train_case("metaspace", lines, kind="metaspace", vocab_size=500),
            train_case("until nothing is left", lines[:20], kind="metaspace", vocab_size=5000),
            train_case("limited alphabet", lines[:90], kind="metaspace", vocab_size=200, limit_alphabet=limit_without_tie(lines[:90], 30)),
            train_case("two letters", letters, kind="metaspace", vocab_size=400),
        ],
        "words": [train_words(lines, vocab_size=5000), train_words(lines, vocab_size=40), train_words(lines, vocab_size=5000, min_frequency=3)],
    })


def trained(lines: list[str], model, vocab_size: int, initial_alphabet=(), **parts) -> Tokenizer:
    tokenizer = Tokenizer(model)
    for part, stage in parts.items():
        setattr(tokenizer, part, stage)
    if isinstance(model, models.WordLevel):
        trainer = trainers.WordLevelTrainer(vocab_size=vocab_size, special_tokens=SPECIAL, show_progress=False)
    else:
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size, special_tokens=SPECIAL, show_progress=False, initial_alphabet=list(initial_alphabet)
        )
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def reread(tokenizer: Tokenizer, **model) -> Tokenizer:
    """The same tokenizer with other settings of its model."""
    parsed = json.loads(tokenizer.to_str())
    parsed["model"].update(model)
    return Tokenizer.from_str(json.dumps(parsed, ensure_ascii=False))


def affixed(lines: list[str]) -> Tokenizer:
    """The trainer numbers affixed characters in no fixed order, so this vocabulary is written by hand."""
    letters = sorted({c for line in lines for c in line if c.isalpha() and c.isascii()})
    vocab = {token: i for i, token in enumerate(SPECIAL + letters + [f"##{c}" for c in letters] + [f"{c}</w>" for c in letters] + [f"##{c}</w>" for c in letters])}
    merges = []
    for left, right in [("t", "##h"), ("th", "##e</w>"), ("c", "##a"), ("ca", "##t</w>"), ("##e", "##s</w>"), ("##o", "##o")]:
        merges.append((left, right))
        vocab.setdefault(left + right.removeprefix("##"), len(vocab))
    model = models.BPE(vocab, merges, unk_token="<unk>", continuing_subword_prefix="##", end_of_word_suffix="</w>", fuse_unk=True)
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.BPEDecoder()
    tokenizer.add_special_tokens(SPECIAL)
    return tokenizer


def sentencepiece(lines: list[str]) -> Tokenizer:
    vocab = {token: i for i, token in enumerate(SPECIAL + [f"<0x{b:02X}>" for b in range(256)] + sorted("▁abcdefghijklmnoprstuvTé"))}
    merges = [("▁", "t"), ("h", "e"), ("▁t", "he"), ("a", "t"), ("▁", "▁")]
    for left, right in merges:
        vocab[left + right] = len(vocab)
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens(SPECIAL)
    return tokenizer


def added(lines: list[str]) -> Tokenizer:
    tokenizer = trained(
        lines,
        models.BPE(unk_token="<unk>"),
        300,
        normalizer=normalizers.Lowercase(),
        pre_tokenizer=pre_tokenizers.Metaspace(prepend_scheme="first"),
        decoder=decoders.Metaspace(prepend_scheme="first"),
    )
    tokenizer.add_special_tokens([AddedToken("[MASK]", lstrip=True, rstrip=True, normalized=False)])
    tokenizer.add_tokens([
        AddedToken("Yesterday", normalized=True),
        AddedToken("newword", single_word=True, normalized=True),
        AddedToken("new-word", single_word=True, normalized=False, rstrip=True),
        AddedToken("cat", normalized=False),
        AddedToken("catalog", normalized=False),
    ])
    return tokenizer


GPT4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def pipelines(lines: list[str]) -> dict[str, Tokenizer]:
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    template = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    byte_level = trained(
        lines,
        models.BPE(),
        500,
        alphabet,
        pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False),
        decoder=decoders.ByteLevel(),
        post_processor=processors.Sequence([processors.ByteLevel(add_prefix_space=False, trim_offsets=True), template]),
    )
    return {
        "byte-level": byte_level,
        "byte-level-prefixed": trained(
            lines,
            models.BPE(),
            400,
            alphabet,
            normalizer=normalizers.NFC(),
            pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=True),
            decoder=decoders.ByteLevel(),
            post_processor=processors.ByteLevel(trim_offsets=True),
        ),
        "byte-level-split": trained(
            lines,
            models.BPE(),
            400,
            alphabet,
            pre_tokenizer=pre_tokenizers.Sequence([
                pre_tokenizers.Split(Regex(GPT4), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]),
            decoder=decoders.ByteLevel(),
            post_processor=processors.ByteLevel(trim_offsets=False),
        ),
        "ignore-merges": reread(byte_level, ignore_merges=True, merges=json.loads(byte_level.to_str())["model"]["merges"][:60]),
        "metaspace": trained(
            lines, models.BPE(unk_token="<unk>"), 400, pre_tokenizer=pre_tokenizers.Metaspace(), decoder=decoders.Metaspace()
        ),
        "metaspace-fused": trained(
            lines[:90],
            models.BPE(unk_token="<unk>", fuse_unk=True),
            250,
            normalizer=normalizers.Sequence([normalizers.NFKC(), normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]),
            pre_tokenizer=pre_tokenizers.Metaspace(prepend_scheme="first"),
            decoder=decoders.Metaspace(prepend_scheme="first"),
            post_processor=template,
        ),
        "characters-nfd": trained(
            nasty(), models.BPE(unk_token="<unk>"), 500, normalizer=normalizers.NFD(), pre_tokenizer=pre_tokenizers.WhitespaceSplit(), decoder=decoders.Fuse()
        ),
        "characters-nfkd": trained(
            nasty(), models.BPE(unk_token="<unk>"), 500, normalizer=normalizers.NFKD(), pre_tokenizer=pre_tokenizers.Digits(True), decoder=decoders.Fuse()
        ),
        "words": trained(
            lines,
            models.WordLevel(unk_token="<unk>"),
            150,
            normalizer=normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()]),
            pre_tokenizer=pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation("isolated")]),
            post_processor=template,
        ),
        "affixed": affixed(lines),
        "sentencepiece": sentencepiece(lines),
        "added": added(lines),
    }


def write_pipelines(lines: list[str]) -> None:
    texts = nasty()
    write("texts", {"texts": texts})
    for name, tokenizer in pipelines(lines).items():
        tokenizer = Tokenizer.from_str(tokenizer.to_str())
        encodings = []
        for text in texts:
            encoding = tokenizer.encode(text)
            encodings.append([
                encoding.ids,
                [at for offsets in encoding.offsets for at in offsets],
                tokenizer.decode(encoding.ids) if encoding.ids else "",
            ])
        pair = tokenizer.encode("the cat", "a 😀 dog")
        write(f"pipeline-{name}", {
            "tokenizer": tokenizer.to_str(),
            "encodings": encodings,
            "pair": {"ids": pair.ids, "tokens": pair.tokens, "offsets": pair.offsets, "typeIds": pair.type_ids},
            "bare": tokenizer.encode("<s> the cat", add_special_tokens=False).ids,
            "withSpecials": tokenizer.decode(pair.ids, skip_special_tokens=False),
        })


def write_stages() -> None:
    texts = [
        text
        for i, text in enumerate(nasty())
        if len(text) < 40 and (i % 4 == 0 or any(mark in text for mark in "½▁\nΣ\u0305"))
    ]
    normal = [
        normalizers.NFC(), normalizers.NFD(), normalizers.NFKC(), normalizers.NFKD(), normalizers.Lowercase(),
        normalizers.StripAccents(), normalizers.Strip(left=True, right=False), normalizers.Strip(left=False, right=True),
        normalizers.Replace("a", "bb"), normalizers.Replace(Regex(r"\s+"), "_"), normalizers.Prepend("▁"),
    ]
    behaviors = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
    cut = [pre_tokenizers.Split(" ", behavior) for behavior in behaviors]
    cut += [pre_tokenizers.Split(Regex(r"\w+"), behavior, invert=True) for behavior in behaviors]
    cut += [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in (r"\d", r"[\s\d]+", r"^\S|\S$", r"\bt.", r"\p{Han}|\p{^L}", r"(?i)the|é", r"[^\w\-.']")]
    cut += [pre_tokenizers.Punctuation(behavior) for behavior in behaviors]
    cut += [
        pre_tokenizers.ByteLevel(add_prefix_space=False), pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False),
        pre_tokenizers.Metaspace(prepend_scheme="always"), pre_tokenizers.Metaspace(prepend_scheme="never"),
        pre_tokenizers.Metaspace(prepend_scheme="first", split=False), pre_tokenizers.Whitespace(), pre_tokenizers.WhitespaceSplit(),
        pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Digits(True), pre_tokenizers.Digits(False),
    ]
    tokens = ["▁the", "▁cat", "s</w>", "<0xC3>", "<0xA9>", "Ġe", "Ã", "©", "<0xFF>", "  x  ", "▁▁", "é", "<0x41>"]
    back = [
        decoders.ByteLevel(), decoders.Metaspace(), decoders.Metaspace(prepend_scheme="never"), decoders.BPEDecoder(), decoders.Fuse(),
        decoders.ByteFallback(), decoders.Replace("▁", " "), decoders.Strip(" ", 1, 2),
        decoders.Sequence([decoders.ByteFallback(), decoders.Fuse(), decoders.Strip("▁", 1, 0)]),
    ]

    def json_of(part: str, stage) -> dict:
        tokenizer = Tokenizer(models.BPE())
        setattr(tokenizer, part, stage)
        return json.loads(tokenizer.to_str())[part]

    write("stages", {
        "texts": texts,
        "tokens": tokens,
        "normalizers": [[json_of("normalizer", stage), [stage.normalize_str(text) for text in texts]] for stage in normal],
        "preTokenizers": [
            [json_of("pre_tokenizer", stage), [[word for word, _ in stage.pre_tokenize_str(text)] for text in texts]] for stage in cut
        ],
        "decoders": [[json_of("decoder", stage), stage.decode(tokens)] for stage in back],
    })


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    sentences = corpus()
    write_training(sentences)
    write_pipelines(sentences)
    write_stages()
