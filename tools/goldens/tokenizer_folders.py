"""Makes small tokenizers in the older files of every family, and what Python makes of 200 texts with them.

    python tools/goldens/tokenizer_folders.py

Needs transformers 4.35.2 (the last release that still has every family's tokenizer), sentencepiece and sacremoses.
Everything is learned here from a few sentences. For the families with SentencePiece files the reference is the
tokenizer that runs SentencePiece itself, but for ALBERT.
"""

import importlib.metadata
import json
import pathlib
import shutil
import tempfile
import unicodedata

import sentencepiece
import tokenizers
import transformers
from tokenizers import AddedToken, models, normalizers, pre_tokenizers, trainers
from tokenizer_texts import corpus, two_hundred

OUT = pathlib.Path(__file__).resolve().parents[2] / "test/tokens/golden/folders"
VERSIONS = {name: importlib.metadata.version(name) for name in ("transformers", "tokenizers", "sentencepiece", "sacremoses")}
LINES = corpus()
WORD_FAMILY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def write(folder: pathlib.Path, name: str, value) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    (folder / name).write_text(text, encoding="utf-8")


def bert(folder: pathlib.Path, lowercase: bool) -> None:
    tokenizer = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(LINES, trainers.WordPieceTrainer(vocab_size=400, special_tokens=WORD_FAMILY, show_progress=False))
    vocab = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    write(folder, "vocab.txt", "".join(f"{token}\n" for token, _ in vocab))
    write(folder, "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "do_lower_case": lowercase, "model_max_length": 32})


def byte_level(folder: pathlib.Path, special: list[str], size: int) -> None:
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    tokenizer.train_from_iterator(LINES, trainer)
    tokenizer.model.save(str(folder))


def suffixed(folder: pathlib.Path, special: list[str], normalizer, pre_tokenizer, alphabet: list[str], size: int) -> tokenizers.Tokenizer:
    tokenizer = tokenizers.Tokenizer(models.BPE(unk_token=special[0], end_of_word_suffix="</w>"))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=alphabet, end_of_word_suffix="</w>", show_progress=False
    )
    tokenizer.train_from_iterator(LINES, trainer)
    parsed = json.loads(tokenizer.to_str())["model"]
    # The trainer numbers the ends of words in no fixed order: the ids are given here.
    plain = sorted(token for token in parsed["vocab"] if token not in special)
    write(folder, "vocab.json", {token: i for i, token in enumerate([*special, *plain])})
    write(folder, "merges.txt", "#version: 0.2\n" + "".join(f"{merge}\n" for merge in parsed["merges"]))
    return tokenizer


def gpt(folder: pathlib.Path) -> None:
    suffixed(folder, ["<unk>"], normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(), [], 300)
    write(folder, "tokenizer_config.json", {"tokenizer_class": "OpenAIGPTTokenizer"})


def clip(folder: pathlib.Path) -> None:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = tokenizers.Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    cut = pre_tokenizers.Sequence([pre_tokenizers.Split(words, "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    special = ["<|startoftext|>", "<|endoftext|>"]
    with tempfile.TemporaryDirectory() as aside:
        suffixed(pathlib.Path(aside), special, normalizers.Lowercase(), cut, alphabet, 600)
        merges = pathlib.Path(aside, "merges.txt").read_text(encoding="utf-8")
    made = ["".join(merge.split()) for merge in merges.splitlines()[1:]]
    tokens = list(dict.fromkeys([*alphabet, *[f"{c}</w>" for c in alphabet], *made, *special]))
    write(folder, "vocab.json", {token: i for i, token in enumerate(tokens)})
    write(folder, "merges.txt", merges)
    write(folder, "tokenizer_config.json", {"tokenizer_class": "CLIPTokenizer"})


def ctrl(folder: pathlib.Path) -> None:
    tokenizer = suffixed(folder, ["<unk>"], None, pre_tokenizers.WhitespaceSplit(), [], 300)
    symbols = sorted(token for token in tokenizer.get_vocab() if token != "<unk>")
    names = [symbol.removesuffix("</w>") if symbol.endswith("</w>") else f"{symbol}@@" for symbol in symbols]
    # Every ninth is left out: the published vocabulary, too, lacks what the merges can make.
    kept = [name for i, name in enumerate(names) if i % 9 != 5]
    write(folder, "vocab.json", {token: i for i, token in enumerate([*kept, "<unk>", "Links"])})
    write(folder, "tokenizer_config.json", {"tokenizer_class": "CTRLTokenizer"})


def rules(folder: pathlib.Path, fold: bool) -> str:
    """A part of SentencePiece's own rules nmt_nfkc, small enough to keep: what the texts have, and whatever is odd."""
    letters = sorted({c for text in two_hundred() for c in text})
    table: dict[str, str] = {}
    for c in letters:
        folded = unicodedata.normalize("NFKC", c)
        if folded != c:
            table[c] = folded
    for base, mark in [("e", "\u0301"), ("o", "\u0308"), ("E", "\u0301"), ("\u304b", "\u3099"), ("\u306f", "\u309a"), ("a", "\u0300")]:
        table[base + mark] = unicodedata.normalize("NFC", base + mark)
    table["\u1100\u1161\u11a8"] = "\uac01"
    for c in "\t\n\r\u00a0\u2009\u2028\u2029\u3000\u200b\u200c\u200d\u200e\u200f\ufeff\u0085\u202f":
        table[c] = " "
    for code in [*range(1, 9), 11, *range(14, 32), 127, 159]:
        table[chr(code)] = ""
    if fold:
        table.update({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})
    lines = ["\t".join([" ".join(f"{ord(c):X}" for c in side) for side in rule]) for rule in sorted(table.items())]
    path = folder / "rules.tsv"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def spm(folder: pathlib.Path, name: str, lines: list[str], fold: bool = False, **settings) -> sentencepiece.SentencePieceProcessor:
    with tempfile.TemporaryDirectory() as aside:
        text = pathlib.Path(aside, "text")
        text.write_text("\n".join(line.replace("\n", " ") for line in lines), encoding="utf-8")
        if "normalization_rule_name" not in settings:
            settings["normalization_rule_tsv"] = rules(pathlib.Path(aside), fold)
        sentencepiece.SentencePieceTrainer.train(
            input=str(text), model_prefix=f"{aside}/model", hard_vocab_limit=False, num_threads=1, minloglevel=2, **settings
        )
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(f"{aside}/model.model", folder / name)
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / name))


def t5(folder: pathlib.Path) -> None:
    spm(folder, "spiece.model", LINES, vocab_size=300, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, character_coverage=0.98)
    write(folder, "tokenizer_config.json", {"tokenizer_class": "T5Tokenizer", "extra_ids": 10})


def albert(folder: pathlib.Path) -> None:
    spm(
        folder, "spiece.model", [*LINES, "9,8 7,6 5,4 9, 8, 7,"] * 2, vocab_size=300, pad_id=0, unk_id=1, bos_id=-1, eos_id=-1,
        control_symbols="[CLS],[SEP],[MASK]", character_coverage=0.98,
    )
    write(folder, "tokenizer_config.json", {"tokenizer_class": "AlbertTokenizer"})


def mbart(folder: pathlib.Path) -> None:
    spm(folder, "sentencepiece.bpe.model", LINES, vocab_size=300, character_coverage=0.98)
    write(folder, "tokenizer_config.json", {"tokenizer_class": "MBartTokenizer", "src_lang": "en_XX", "tgt_lang": "fr_XX"})


def llama(folder: pathlib.Path, legacy: bool) -> None:
    spm(
        folder, "tokenizer.model", LINES, vocab_size=500, model_type="bpe", byte_fallback=True, split_digits=True,
        normalization_rule_name="identity", remove_extra_whitespaces=False, allow_whitespace_only_pieces=True, character_coverage=0.98,
    )
    config = {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": False, "legacy": legacy}
    template = (
        "{{ bos_token }}{% for message in messages %}{% if message['role'] not in ['user', 'assistant'] %}"
        "{{ raise_exception('Only user and assistant speak here.') }}{% endif %}"
        "{{ '<|' + message['role'] + '|>\\n' + message['content'] | trim + eos_token + '\\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
    )
    write(folder, "tokenizer_config.json", {**config, "chat_template": template})


def marian(folder: pathlib.Path, separate: bool) -> None:
    english = [line for line in LINES if line.endswith(".")]
    french = [line for line in LINES if line.endswith("!")]
    source = spm(folder, "source.spm", english, fold=separate, vocab_size=120)
    target = spm(folder, "target.spm", french, fold=separate, vocab_size=120)
    pieces = [[model.id_to_piece(i) for i in range(3, len(model))] for model in (source, target)]
    # The vocabulary is made of texts, so some pieces are missing from it.
    kept = [[piece for i, piece in enumerate(side) if i % 17 != 3] for side in pieces]
    shared = sorted(set(kept[0]) | set(kept[1]))

    def numbered(side: list[str]) -> dict[str, int]:
        return {token: i for i, token in enumerate(["</s>", "<unk>", *side, ">>fr<<", ">>de<<", "<pad>"])}

    write(folder, "vocab.json", numbered(kept[0] if separate else shared))
    if separate:
        write(folder, "target_vocab.json", numbered(kept[1]))
    write(folder, "tokenizer_config.json", {"tokenizer_class": "MarianTokenizer", "separate_vocabs": separate})


def esm(folder: pathlib.Path) -> None:
    residues = "L A G V S E R T I D P K Q N F Y M H W C X B U Z O . -".split()
    write(folder, "vocab.txt", "\n".join(["<cls>", "<pad>", "<eos>", "<unk>", *residues, "<null_1>", "<mask>"]))
    write(folder, "tokenizer_config.json", {"tokenizer_class": "EsmTokenizer"})


def transfo_xl(folder: pathlib.Path) -> None:
    maker = transformers.TransfoXLTokenizer(lower_case=False)
    maker.count_sents([maker._tokenize(line) for line in [*LINES, "The 1,000 dogs' U.S. tail - it costs 3.14 $ ."]])
    words = [word for word, _ in sorted(maker.counter.items(), key=lambda item: (-item[1], item[0]))]
    write(folder, "vocab.txt", "".join(f"{word}\n" for word in ["<eos>", "<unk>", "<formula>", *words[:250]]))
    write(folder, "tokenizer_config.json", {"tokenizer_class": "TransfoXLTokenizer", "lower_case": False})


def dnabert(folder: pathlib.Path) -> None:
    letters = "ACGT"
    first = [a + b + "GTA" + c for a in letters for b in letters for c in letters]
    words = dict.fromkeys([*first, "ACGTAC", "CGTACG", "GTACGT", "TACGTA"])
    write(folder, "vocab.txt", "".join(f"{token}\n" for token in [*WORD_FAMILY, *words]))
    write(folder, "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "do_lower_case": False})


DECODED_FAST = {"t5", "albert", "mbart", "llama", "llama-new"}
FAST = {"bert-uncased", "bert-cased", "dnabert", "roberta", "bart", "gpt2", "gpt", "clip"}
FAMILIES = {
    "bert-uncased": lambda folder: bert(folder, True),
    "bert-cased": lambda folder: bert(folder, False),
    "dnabert": dnabert,
    "roberta": lambda folder: (
        byte_level_with(folder, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], {"tokenizer_class": "RobertaTokenizer", "add_prefix_space": True})
    ),
    "bart": lambda folder: byte_level_with(folder, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], {"tokenizer_class": "BartTokenizer"}),
    "gpt2": lambda folder: byte_level_with(folder, ["<|endoftext|>"], {"tokenizer_class": "GPT2Tokenizer"}),
    "gpt": gpt,
    "clip": clip,
    "ctrl": ctrl,
    "t5": t5,
    "albert": albert,
    "mbart": mbart,
    "llama": lambda folder: llama(folder, True),
    "llama-new": lambda folder: llama(folder, False),
    "marian": lambda folder: marian(folder, False),
    "marian-two": lambda folder: marian(folder, True),
    "esm": esm,
    "transfo-xl": transfo_xl,
}


def byte_level_with(folder: pathlib.Path, special: list[str], config: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    byte_level(folder, special, 400)
    write(folder, "tokenizer_config.json", config)


def expected(name: str, folder: pathlib.Path, fast: bool) -> dict:
    config = json.loads((folder / "tokenizer_config.json").read_text())
    cls = getattr(transformers, config["tokenizer_class"] + ("Fast" if fast else ""))
    tokenizer = cls.from_pretrained(str(folder), **({"vocab_file": str(folder / "vocab.txt")} if name == "transfo-xl" else {}))
    if name == "t5":
        # The slow tokenizer leaves the end out where the text already ends with it; the fast one and all others do not.
        tokenizer._add_eos_if_not_present = lambda ids: [*ids, tokenizer.eos_token_id]
        # Its sentinels stand alone as words; those of the fast one, of the published tokenizer.json, and of later releases do not.
        for i, token in tokenizer._added_tokens_decoder.items():
            tokenizer._added_tokens_decoder[i] = AddedToken(token.content, special=True, normalized=False)
    # SentencePiece's own decoding takes away all blanks at the ends.
    back = getattr(transformers, f"{config['tokenizer_class']}Fast").from_pretrained(str(folder)) if name in DECODED_FAST else tokenizer
    encodings = []
    for text in two_hundred():
        encoding = tokenizer(text, return_offsets_mapping=fast)
        ids = encoding["input_ids"]
        # With two vocabularies only translations are decoded.
        back_ids = tokenizer(text_target=text)["input_ids"] if name == "marian-two" else ids
        plain = [i for i in back_ids if i not in tokenizer.all_special_ids]
        decoded = back.decode(plain, skip_special_tokens=True, clean_up_tokenization_spaces=False) if plain else ""
        encodings.append([ids, decoded, *([[at for pair in encoding["offset_mapping"] for at in pair]] if fast else [])])
    pair = tokenizer("the cat sees", "a dog, my sister")
    result = {
        "versions": VERSIONS,
        "encodings": encodings,
        "pair": {"ids": pair["input_ids"], "typeIds": pair.get("token_type_ids")},
        "special": {part: [str(token), tokenizer.convert_tokens_to_ids(str(token))] for part, token in tokenizer.special_tokens_map.items() if isinstance(token, str)},
        "size": len(tokenizer),
    }
    if name.startswith(("marian", "mbart")):
        result["target"] = [tokenizer(text_target=text)["input_ids"] for text in two_hundred()]
    if name == "llama":
        messages = [{"role": "user", "content": " Who is there? "}, {"role": "assistant", "content": "A cat."}, {"role": "user", "content": "Why?"}]
        result["chat"] = {
            "messages": messages,
            "plain": tokenizer.apply_chat_template(messages, tokenize=False),
            "prompted": tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True),
            "ids": tokenizer.apply_chat_template(messages, add_generation_prompt=True),
        }
    return result


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    shutil.rmtree(OUT, ignore_errors=True)
    write(OUT, "texts.json", json.dumps({"texts": two_hundred()}, ensure_ascii=False))
    for name, make in FAMILIES.items():
        folder = OUT / name
        make(folder)
        (OUT / f"{name}.json").write_text(json.dumps(expected(name, folder, name in FAST), ensure_ascii=False, separators=(",", ":")))
        print(name)
