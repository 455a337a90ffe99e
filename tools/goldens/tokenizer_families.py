"""What Hugging Face tokenizers makes of 200 texts, of pairs, of what is too long and of what is too short, with the
`tokenizer.json` of the families.

    python tools/goldens/tokenizer_families.py

Needs tokenizers 0.23 and transformers 5, and the folders that tokenizer_folders.py has made, whose older files
transformers turns into tokenizers here.
"""

import json
import pathlib

import tokenizers
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizer_texts import two_hundred

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "test/tokens/golden"
FOLDERS = GOLDEN / "folders"
LONG = "the cat sees the red car. My sister doesn't like twenty-two books !"
OTHER = "a dog 😀 was looking for été"


def from_folder(name: str, cls: str) -> Tokenizer:
    return getattr(transformers, cls).from_pretrained(str(FOLDERS / name)).backend_tokenizer


def golden_rules():
    """The normalization rules of the golden T5, as a stage."""
    normalizer = json.loads(from_folder("t5", "T5Tokenizer").to_str())["normalizer"]
    empty = json.loads(Tokenizer(models.BPE()).to_str())
    return Tokenizer.from_str(json.dumps({**empty, "normalizer": normalizer})).normalizer


def with_parts(tokenizer: Tokenizer, **parts) -> Tokenizer:
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    return tokenizer


def unigram(byte_fallback: bool) -> Tokenizer:
    pieces = json.loads(from_folder("t5", "T5Tokenizer").to_str())["model"]["vocab"]
    vocab = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0)] + [(f"<0x{b:02X}>", 0.0) for b in range(256)] + [tuple(piece) for piece in pieces[3:-10]]
    tokenizer = Tokenizer(models.Unigram(vocab, 0, byte_fallback=byte_fallback))
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    return tokenizer


def families() -> dict[str, Tokenizer]:
    precompiled = golden_rules()
    return {
        "bert": from_folder("bert-uncased", "BertTokenizer"),
        "bert-processing": with_parts(
            from_folder("bert-cased", "BertTokenizer"),
            normalizer=normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False),
            decoder=decoders.WordPiece(prefix="##", cleanup=False),
            post_processor=processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2)),
        ),
        "bert-scripts": with_parts(
            from_folder("bert-uncased", "BertTokenizer"),
            normalizer=normalizers.Sequence([
                normalizers.Nmt(),
                normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=True, strip_accents=True, lowercase=False),
            ]),
            pre_tokenizer=pre_tokenizers.Sequence([pre_tokenizers.UnicodeScripts(), pre_tokenizers.WhitespaceSplit()]),
            decoder=decoders.CTC(pad_token="##", word_delimiter_token="t", cleanup=True),
        ),
        "roberta": from_folder("roberta", "RobertaTokenizer"),
        "gpt2": from_folder("gpt2", "GPT2Tokenizer"),
        "gpt": from_folder("gpt", "OpenAIGPTTokenizer"),
        "clip": from_folder("clip", "CLIPTokenizer"),
        "t5": from_folder("t5", "T5Tokenizer"),
        "albert": from_folder("albert", "AlbertTokenizer"),
        "mbart": with_parts(from_folder("mbart", "MBartTokenizer"), normalizer=normalizers.Sequence([precompiled, normalizers.Replace(Regex(" {2,}"), " ")])),
        "llama": from_folder("llama-new", "LlamaTokenizer"),
        "unigram-bytes": with_parts(
            unigram(True),
            normalizer=normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
            decoder=decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]),
            post_processor=processors.TemplateProcessing(single="<s> $A", pair="<s> $A $B:1 </s>:1", special_tokens=[("<s>", 1), ("</s>", 2)]),
        ),
        "unigram-fixed": with_parts(
            unigram(False),
            normalizer=precompiled,
            pre_tokenizer=pre_tokenizers.Sequence([pre_tokenizers.CharDelimiterSplit("e"), pre_tokenizers.FixedLength(length=7)]),
        ),
        "byte-normalizer": with_parts(
            from_folder("gpt2", "GPT2Tokenizer"),
            normalizer=normalizers.ByteLevel(),
            pre_tokenizer=pre_tokenizers.Split(Regex("Ġ?[^Ġ]+"), "isolated"),
            post_processor=processors.ByteLevel(trim_offsets=True, add_prefix_space=False),
        ),
    }


def shown(encoding) -> dict:
    return {
        "ids": encoding.ids,
        "offsets": [list(pair) for pair in encoding.offsets],
        "typeIds": encoding.type_ids,
        "attentionMask": encoding.attention_mask,
        "specialTokensMask": encoding.special_tokens_mask,
        "wordIds": encoding.word_ids,
    }


CUTS = [
    (LONG, None, dict(max_length=9, stride=0, strategy="longest_first", direction="right")),
    (LONG, None, dict(max_length=12, stride=3, strategy="longest_first", direction="right")),
    (LONG, None, dict(max_length=12, stride=3, strategy="longest_first", direction="left")),
    (LONG, None, dict(max_length=500, stride=3, strategy="longest_first", direction="left")),
    (LONG, OTHER, dict(max_length=20, stride=2, strategy="longest_first", direction="right")),
    (OTHER, LONG, dict(max_length=21, stride=0, strategy="longest_first", direction="left")),
    (OTHER, "a", dict(max_length=11, stride=0, strategy="longest_first", direction="right")),
    (LONG, "a dog", dict(max_length=22, stride=4, strategy="only_first", direction="right")),
    ("a dog", LONG, dict(max_length=22, stride=4, strategy="only_second", direction="right")),
    ("a dog", LONG, dict(max_length=22, stride=2, strategy="only_second", direction="left")),
]
PADS = [
    dict(direction="right", pad_id=0, pad_type_id=0, pad_token="[PAD]"),
    dict(direction="left", pad_id=1, pad_type_id=1, pad_token="x", pad_to_multiple_of=8),
    dict(direction="right", pad_id=2, pad_type_id=0, pad_token="y", length=6),
]


def golden(tokenizer: Tokenizer) -> dict:
    tokenizer.no_padding()
    tokenizer.no_truncation()
    text = tokenizer.to_str()
    encodings = []
    for line in two_hundred():
        encoding = tokenizer.encode(line)
        encodings.append([encoding.ids, [at for pair in encoding.offsets for at in pair], tokenizer.decode(encoding.ids)])
    cuts = []
    for first, second, settings in CUTS:
        tokenizer.enable_truncation(**settings)
        try:
            encoding = tokenizer.encode(first, second) if second is not None else tokenizer.encode(first)
            result = {**shown(encoding), "overflowing": [part.ids for part in encoding.overflowing]}
        except BaseException as error:  # Rust panics where there is nothing left to cut
            result = {"error": str(error)[:60]}
        cuts.append([first, second, settings, result])
    tokenizer.no_truncation()
    pads = []
    for settings in PADS:
        tokenizer.enable_padding(**settings)
        pads.append([settings, [shown(encoding) for encoding in tokenizer.encode_batch(["the cat", ("a", "dog"), "my sister bought twenty-two books"])]])
    tokenizer.no_padding()
    words = tokenizer.encode(["the", "café", "doesn't", "", "😀 ok"], is_pretokenized=True)
    return {
        "version": tokenizers.__version__,
        "tokenizer": text,
        "encodings": encodings,
        "pair": shown(tokenizer.encode(LONG, OTHER)),
        "words": shown(words),
        "bare": shown(tokenizer.encode(LONG, OTHER, add_special_tokens=False)),
        "withSpecials": tokenizer.decode(tokenizer.encode(LONG, OTHER).ids, skip_special_tokens=False),
        "cuts": cuts,
        "pads": pads,
    }


if __name__ == "__main__":
    (GOLDEN / "families").mkdir(exist_ok=True)
    for name, tokenizer in families().items():
        tokenizer = Tokenizer.from_str(tokenizer.to_str())
        (GOLDEN / "families" / f"{name}.json").write_text(json.dumps(golden(tokenizer), ensure_ascii=False, separators=(",", ":")))
        print(name)
