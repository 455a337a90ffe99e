"""Opens what trained-tokenizers.mjs wrote in Python's `tokenizers` and compares ids, offsets and decoded texts.

Run: python tools/checks/trained-tokenizers.py FOLDER
"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer

failed = False
for path in sorted(Path(sys.argv[1]).glob("*.json")):
    found = json.loads(path.read_text("utf8"))
    tokenizer = Tokenizer.from_str(found["tokenizer"])
    different = []
    for one in found["encodings"]:
        encoding = tokenizer.encode(one["text"])
        decoded = tokenizer.decode(one["ids"]) if one["ids"] else ""
        if encoding.ids != one["ids"] or [list(at) for at in encoding.offsets] != one["offsets"] or decoded != one["decoded"]:
            different.append(one["text"])
    pair = tokenizer.encode("the cat", "a dog")
    same = pair.ids == found["pair"]["ids"] and pair.type_ids == found["pair"]["typeIds"]
    failed = failed or bool(different) or not same
    print(f"{path.stem}: {len(found['encodings']) - len(different)} of {len(found['encodings'])} equal, pair {'equal' if same else 'different'}")
sys.exit(1 if failed else 0)
