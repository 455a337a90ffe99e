"""Asks Hugging Face tokenizers, code point by code point, which characters it takes for marks, punctuation and control
characters, and writes src/tokens/unicode-classes.ts. Its tables are of older Unicode versions than a browser's are.

    python tools/goldens/unicode_classes.py
"""

import pathlib

import tokenizers
from tokenizers import normalizers, pre_tokenizers

OUT = pathlib.Path(__file__).resolve().parents[2] / "src/tokens/unicode-classes.ts"
CODES = [code for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]


def bert(**on: bool) -> normalizers.BertNormalizer:
    settings = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**settings, **on})


CLASSES = {
    "CONTROL": (
        "What BERT's cleaning removes: categories Cc, Cf and Co without tab and line ends, U+0000 and U+FFFD.",
        lambda c: bert(clean_text=True).normalize_str(f"a{c}a") == "aa",
    ),
    "NONSPACING_MARK": (
        "General category Mn, as BERT's normalizer has it.",
        lambda c: bert(strip_accents=True).normalize_str(f"\u0915{c}a") == "\u0915a",
    ),
    "MARK": (
        "General category M, as StripAccents has it.",
        lambda c: normalizers.StripAccents().normalize_str(f"a{c}a") == "aa",
    ),
    "PUNCTUATION": (
        "The ASCII symbols and general category P.",
        lambda c: [word for word, _ in pre_tokenizers.Punctuation().pre_tokenize_str(f"a{c}a")] == ["a", c, "a"],
    ),
}


def ranges(holds) -> str:
    found: list[list[int]] = []
    for code in CODES:
        if not holds(chr(code)):
            continue
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return " ".join(f"{first:x}" if first == last else f"{first:x}-{last:x}" for first, last in found)


if __name__ == "__main__":
    lines = [
        f"// Written by tools/goldens/unicode_classes.py after Hugging Face tokenizers {tokenizers.__version__}. The classes of",
        "// JavaScript's expressions change with the engine's Unicode version, and ids must not.",
        "",
    ]
    for name, (comment, holds) in CLASSES.items():
        lines += [f"/** {comment} */", f"export const {name} =", f'  "{ranges(holds)}";', ""]
    OUT.write_text("\n".join(lines))
