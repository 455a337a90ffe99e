"""A lane: Rust `tokenizers` on texts."""

import json
import time

from lane import serve
from tokenizers import Tokenizer, models, pre_tokenizers, trainers


def prepare(job):
    with open(job["textsPath"], encoding="utf-8") as file:
        texts = json.load(file)
    size = sum(len(text.encode()) for text in texts)

    def timed(what):
        """On a tokenizer that has seen no text yet."""
        tokenizer = Tokenizer.from_file(job["tokenizerPath"])
        start = time.perf_counter()
        what(tokenizer)
        return {"seconds": time.perf_counter() - start, "bytes": size}

    def learn(_):
        fresh = Tokenizer(models.BPE())
        fresh.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=job["size"], initial_alphabet=alphabet, show_progress=False)
        fresh.train_from_iterator(texts, trainer, length=len(texts))

    return {
        "ids": lambda: timed(lambda tokenizer: tokenizer.encode_batch_fast(texts)),
        "encodings": lambda: timed(lambda tokenizer: tokenizer.encode_batch(texts)),
        "learn": lambda: timed(learn),
        "count": lambda: {"ids": sum(len(one.ids) for one in Tokenizer.from_file(job["tokenizerPath"]).encode_batch(texts))},
    }


serve(prepare)
