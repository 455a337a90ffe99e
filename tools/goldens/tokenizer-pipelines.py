"""Writes test/tokens/golden from Python's `tokenizers`: what training, encoding, decoding and each stage give.

Run from the repository root: python tools/goldens/tokenizer-pipelines.py
"""

import json
import random
from importlib.metadata import version
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

OUT = Path("test/tokens/golden")
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]


def write(name: str, value: dict) -> None:
    stamped = {"reference": f"tokenizers {version('tokenizers')}", **value}
    (OUT / f"{name}.json").write_text(json.dumps(stamped, ensure_ascii=False, separators=(",", ":")) + "\n", "utf8")


def corpus() -> list[str]:
    """Sentences in several languages, many of them alike, so that counts tie often."""
    draw = random.Random(7)
    english = ["the cat", "a dog", "my sister", "the old man", "our teacher", "she", "they"]
    doing = ["sees", "is walking with", "doesn't like", "was looking for", "bought", "hasn't found"]
    things = ["the red car", "an apple", "twenty-two books", "the café", "3,14 euros", "it's own shadow"]
    french = ["le chat", "une fille", "l'homme", "ma sœur", "le garçon", "elle"]
    fait = ["voit", "n'aime pas", "cherche", "a acheté", "regarde", "mange"]
    choses = ["la voiture rouge", "une pomme", "l'été", "des œufs", "où il était", "le théâtre"]
    lines = []
    for _ in range(45):
        lines.append(f"{draw.choice(english).capitalize()} {draw.choice(doing)} {draw.choice(things)}.")
        lines.append(f"{draw.choice(french).capitalize()} {draw.choice(fait)} {draw.choice(choses)} !")
    lines += [
        "Größe und Übermut: fünf Männer prüfen Flüsse.",
        "Большой дом стоит у реки, и река большая.",
        "東京は大きい都市です。東京に行きます。",
        "안녕하세요 세계, 한국어 한국.",
        "مرحبا بالعالم، العالم كبير",
        "😀 😀👍🏽 ok 👨‍👩‍👧 end",
        "  two  spaces   three\ttab\nline\r\nend  ",
        "e\u0301te\u0301 et été",
        "x = y_1 + 2*(z-3); // 100% <tag>",
    ]
    return lines


def nasty() -> list[str]:
    return [
        "",
        " ",
        "  ",
        "\n",
        "\t\t",
        "a",
        " a",
        "a ",
        "  a  ",
        "a  b",
        "a   b    c",
        "the cat sees the red car.",
        "The Cat SEES The Red Car!",
        "Jane visite l'Afrique en septembre",
        "I'm, you're, we've, he'll, she'd, it's, don't; I'M YOU'RE IT'S",
        "'s 't 're 've 'm 'll 'd 'x '",
        "''''",
        "'S'T'RE",
        "été e\u0301te\u0301 E\u0301",
        "Cafe\u0301 naïve cooperate co\u0308operate",
        "a\u0315\u0300\u05ae\u0301b",
        "q\u0307\u0323 q\u0323\u0307 \u1e0b\u0323",
        "\u0301 leading mark",
        "ﬁ ﬂ ½ ² Ⅷ ㎏ ｆｕｌｌ Å Å Ω",
        "각 각 한국어 ᄒ",
        "ক\u09c7\u09be नि हिन्दी தமிழ்",
        "İstanbul ΣΑΣ ẞ ß ŉ ǰ",
        "東京は大きい都市です。",
        "こんにちは、世界！ 123４５６",
        "안녕하세요 세계",
        "مرحبا بالعالم، العالم ١٢٣",
        "שלום עולם",
        "Привет, большой мир",
        "😀",
        "😀😀 👍🏽👨‍👩‍👧 🇫🇷",
        "a😀b 😀 c",
        "𝒳𝒴 𐍈 𠜎𠜱",
        "zero\u200bwidth \u200d joiner \ufeff bom",
        "\ufeffbom first",
        "nbsp\u00a0here\u00a0\u00a0two thin\u2009space \u3000wide",
        "next\u0085line \u2028 separator \u2029",
        "control \u0000\u0001\u001f\u007f\u009f chars",
        "\u0000",
        "line\nbreak\r\nwindows\rmac",
        "\n\n a \n b\n",
        "tab\tseparated\t values",
        "trailing newline\n",
        "trailing spaces   ",
        "   leading spaces",
        "<s>",
        "<s>the cat</s>",
        "the <unk> cat <pad><pad>",
        "a<s>b <s> c< s >d<S>",
        "</s></s><s>",
        "  <s>  ",
        "▁already▁marked ▁",
        "▁▁ ▁a",
        "Ġbyte Ġ chars Ċ",
        "<0x41><0xE2> literal",
        "http://example.org/a_b?c=d&e=f#g",
        "x=1;y=2.5e-3;z=(a+b)*c/100%",
        "snake_case camelCase SCREAMING kebab-case",
        "1 12 123 1234 12345 3.14 1,000",
        "１２ ٣٤ ५६ ½¾ ²³ Ⅻ",
        "... ?! -- — “quoted” «guillemets» ¿qué?",
        "\"double\" 'single' `back` (paren) [brack] {brace}",
        "back\\slash / pipe | caret ^ tilde ~ dollar $",
        "aaaaaaaaaaaaaaaaaaaa",
        "ab" * 60,
        "the" * 100,
        "é" * 150,
        "x" * 300,
        "Donaudampfschifffahrtsgesellschaft",
        "aller-retour aujourd'hui l'été d'où",
        "Æsir œuvre sœur cœur",
        "don’t it’s curly ’ apostrophe",
        "mask here: [MASK]! masked [MASK]ed",
        "  [MASK]  . [mask]",
        "yesterday Yesterday yesterdays YESTERDAY",
        "new-word newword newwords NewWord",
        "the\u0000cat",
        "à la carte A\u0300 la",
        "\u1100\u1161\u11a8 \uac00\u11a8",
        "\u0958 \u2126 \u212b \ufb1d",
        "a\u0345\u0301 \u0301\u0345",
        "\U0001d15e music \U0001d160",
        "\U0001f468\u200d\U0001f4bb coder \u2764\ufe0f",
        "e\u0301" * 20,
        "mixed 東京 and English と日本語",
        "_under_ __dunder__ _",
        "Mr. O'Neill's 2nd try -- it's 50% off!!!",
        "la voiture rouge n'aime pas le théâtre !",
        "Größe fünf Übermut ÜBERMUT",
        "  two  spaces   three\ttab\nline\r\nend  ",
        "end with mark e\u0301",
        "\u00ad soft\u00adhyphen",
        "\ue000 private \U0010fffd",
        "\u202eright to left\u202c",
        "ＡＢＣ ａｂｃ ﾊﾝｶｸ",
        "the the the the the",
    ]


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
            train_case("limited alphabet", lines[:90], kind="metaspace", vocab_size=200, limit_alphabet=30),
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
    from tokenizers import Regex

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
    from tokenizers import Regex

    texts = [text for text in nasty() if len(text) < 60]
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
