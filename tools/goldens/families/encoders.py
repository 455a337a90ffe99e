"""BERT, DistilBERT, RoBERTa, ALBERT, ELECTRA, ESM and DNABERT."""

from collections.abc import Iterator
from typing import Any

import torch
from draw import Draw
from golden import Golden
from heads import LENGTHS, answer, bare, choice, each, sequence, sequence_problems, texts, token
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForNextSentencePrediction,
    BertForPreTraining,
    BertModel,
)

VOCABULARY = 53


def bert_config(**changes: Any) -> BertConfig:
    shape = {
        "vocab_size": VOCABULARY,
        "hidden_size": 15,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "intermediate_size": 26,
        "max_position_embeddings": 11,
    }
    return BertConfig(**shape | changes)


def bert() -> Iterator[Golden]:
    draw = Draw(1, VOCABULARY)
    text = texts(draw, segments=True, first=2, last=3)

    def masked(**changes: Any) -> tuple[BertConfig, dict[str, torch.Tensor]]:
        inputs = text(LENGTHS)
        inputs["labels"] = draw.labels(inputs["attention_mask"], VOCABULARY)
        return bert_config(**changes), inputs

    yield Golden("bert-masked-lm", BertForMaskedLM, *masked(), main=True)
    config, inputs = masked()
    inputs["next_sentence_label"] = torch.tensor([0, 1, 1])
    yield Golden("bert-pretraining", BertForPreTraining, config, inputs)
    yield from bare("bert", "Bert", bert_config, text, draw)
    next_sentence = text(LENGTHS) | {"labels": torch.tensor([1, 0, 1])}
    yield Golden("bert-next-sentence", BertForNextSentencePrediction, bert_config(), next_sentence)
    shared = [sequence, sequence_problems, token, answer, choice]
    yield from each(shared, "bert", "Bert", bert_config, text, draw)
    yield Golden("bert-masked-lm-gelu-new", BertForMaskedLM, *masked(hidden_act="gelu_new", layer_norm_eps=1e-3))
    yield Golden("bert-masked-lm-relu", BertForMaskedLM, *masked(hidden_act="relu", type_vocab_size=4))
    yield Golden("bert-masked-lm-untied", BertForMaskedLM, *masked(tie_word_embeddings=False))
    yield Golden("bert-model-sharded", BertModel, bert_config(), text(LENGTHS), save={"max_shard_size": "8KB"})


def goldens() -> Iterator[Golden]:
    yield from bert()
