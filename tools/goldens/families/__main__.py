"""Writes the folders of test/families: `python tools/goldens/families [word …]`, of all or of those whose name has a word.

See requirements.txt. Transformer-XL needs another environment: requirements-transfo-xl.txt.
"""

import sys

import transformers

if transformers.__version__.startswith("5."):
    import decoders
    import encoders
    import images
    import translators

    GROUPS = [encoders, decoders, translators, images]
else:
    import transfo_xl

    GROUPS = [transfo_xl]

from golden import make


def main(words: list[str]) -> None:
    for group in GROUPS:
        for golden in group.goldens():
            if not words or any(word in golden.folder for word in words):
                make(golden)


if __name__ == "__main__":
    main(sys.argv[1:])
