"""Writes src/tokens/moses-classes.ts: the classes of characters that the Moses tokenizer's rules are made of, as
sacremoses has them.

    python tools/goldens/moses_classes.py
"""

import importlib.metadata
import pathlib

from sacremoses.tokenize import MosesDetokenizer, MosesTokenizer

OUT = pathlib.Path(__file__).resolve().parents[2] / "src/tokens/moses-classes.ts"


def ranges(characters: str) -> str:
    found: list[list[int]] = []
    for code in sorted({ord(c) for c in characters} - {10}):
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return " ".join(f"{first:x}" if first == last else f"{first:x}-{last:x}" for first, last in found)


if __name__ == "__main__":
    moses = MosesTokenizer("en")
    numeric = set(moses.NUMERIC_ONLY_PREFIXES)
    prefixes = [prefix for prefix in moses.NONBREAKING_PREFIXES if not prefix.endswith("#NUMERIC_ONLY#")]
    classes = {
        "LETTERS": ("What counts as a letter: ideographs and kana do not.", moses.IsAlpha),
        "DIGITS": ("What counts as a letter or a digit, without the letters.", "".join(set(moses.IsAlnum) - set(moses.IsAlpha))),
        "NUMBERS": ("What counts as a number.", moses.IsN),
        "LOWER": ("Lower-case letters.", moses.IsLower),
        "CURRENCY": ("Signs of currencies.", MosesDetokenizer("en").IsSc),
    }
    lines = [
        f"// Written by tools/goldens/moses_classes.py after sacremoses {importlib.metadata.version('sacremoses')}.",
        "",
        "/** English words that keep the full stop after them. */",
        "export const ABBREVIATIONS =",
        f'  "{" ".join(prefixes)}";',
        "",
        "/** The same, but only before a number. */",
        f'export const NUMERIC_ABBREVIATIONS = "{" ".join(moses.NUMERIC_ONLY_PREFIXES)}";',
        "",
    ]
    for name, (comment, characters) in classes.items():
        lines += [f"/** {comment} */", f"export const {name} =", f'  "{ranges(characters)}";', ""]
    OUT.write_text("\n".join(lines))
