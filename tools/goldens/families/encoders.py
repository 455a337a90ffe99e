"""BERT, DistilBERT, RoBERTa, ALBERT, ELECTRA, ESM and DNABERT."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from draw import Draw
from golden import Golden
from heads import LENGTHS, Text, answer, bare, choice, each, sequence, sequence_problems, texts, token
from transformers import (
    AlbertConfig,
    AlbertForMaskedLM,
    AlbertForPreTraining,
    BertConfig,
    BertForMaskedLM,
    BertForNextSentencePrediction,
    BertForPreTraining,
    BertForSequenceClassification,
    BertModel,
    DistilBertConfig,
    DistilBertForMaskedLM,
    ElectraConfig,
    ElectraForMaskedLM,
    ElectraForPreTraining,
    EsmConfig,
    EsmForMaskedLM,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaModel,
)

VOCABULARY = 53


BERT = {
    "vocab_size": VOCABULARY,
    "hidden_size": 15,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 26,
    "max_position_embeddings": 11,
}


def bert_config(**changes: Any) -> BertConfig:
    return BertConfig(**BERT | changes)


SHARED = [sequence, token, answer, choice]


def masking(draw: Draw, text: Text, config: Callable[..., Any]) -> Callable[..., tuple[Any, dict[str, torch.Tensor]]]:
    """Makes the configuration and the inputs of masked language modeling."""

    def masked(**changes: Any) -> tuple[Any, dict[str, torch.Tensor]]:
        inputs = text(LENGTHS)
        inputs["labels"] = draw.labels(inputs["attention_mask"], draw.vocabulary)
        return config(**changes), inputs

    return masked


def bert() -> Iterator[Golden]:
    draw = Draw(1, VOCABULARY)
    text = texts(draw, segments=True, first=2, last=3)
    masked = masking(draw, text, bert_config)
    yield Golden("bert-masked-lm", BertForMaskedLM, *masked(), main=True)
    config, inputs = masked()
    inputs["next_sentence_label"] = torch.tensor([0, 1, 1])
    yield Golden("bert-pretraining", BertForPreTraining, config, inputs)
    yield from bare("bert", "Bert", bert_config, text, draw)
    next_sentence = text(LENGTHS) | {"labels": torch.tensor([1, 0, 1])}
    yield Golden("bert-next-sentence", BertForNextSentencePrediction, bert_config(), next_sentence)
    yield from each([*SHARED, sequence_problems], "bert", "Bert", bert_config, text, draw)
    yield Golden("bert-masked-lm-gelu-new", BertForMaskedLM, *masked(hidden_act="gelu_new", layer_norm_eps=1e-3))
    yield Golden("bert-masked-lm-relu", BertForMaskedLM, *masked(hidden_act="relu", type_vocab_size=4))
    yield Golden("bert-masked-lm-untied", BertForMaskedLM, *masked(tie_word_embeddings=False))
    yield Golden("bert-model-sharded", BertModel, bert_config(), text(LENGTHS), save={"max_shard_size": "8KB"})


def distilbert_config(**changes: Any) -> DistilBertConfig:
    shape = {"vocab_size": VOCABULARY, "dim": 15, "n_layers": 2, "n_heads": 3, "hidden_dim": 26, "max_position_embeddings": 11}
    return DistilBertConfig(**shape | changes)


def keep_sinusoids(model: torch.nn.Module) -> None:
    """The table of positions is in the file and stays what the library makes of it."""
    model.distilbert.embeddings.position_embeddings.weight.requires_grad = False


def distilbert() -> Iterator[Golden]:
    draw = Draw(2, VOCABULARY)
    text = texts(draw, first=2, last=3)
    masked = masking(draw, text, distilbert_config)
    yield Golden("distilbert-masked-lm", DistilBertForMaskedLM, *masked(), main=True)
    sinusoids = masked(sinusoidal_pos_embds=True, activation="relu")
    folder = "distilbert-masked-lm-sinusoidal"
    yield Golden(folder, DistilBertForMaskedLM, *sinusoids, prepare=keep_sinusoids)
    yield from each([bare, *SHARED], "distilbert", "DistilBert", distilbert_config, text, draw)


def roberta_config(**changes: Any) -> RobertaConfig:
    shape = {"max_position_embeddings": 13, "type_vocab_size": 1}
    return RobertaConfig(**BERT | shape | changes)


def roberta() -> Iterator[Golden]:
    """<s> 0, <pad> 1, </s> 2; the table of positions has 2 rows more than positions."""
    draw = Draw(3, VOCABULARY, pad=1)
    text = texts(draw, first=0, last=2)
    masked = masking(draw, text, roberta_config)
    yield Golden("roberta-masked-lm", RobertaForMaskedLM, *masked(), main=True)
    inputs = text(LENGTHS)
    del inputs["attention_mask"]
    yield Golden("roberta-model-float16", RobertaModel, roberta_config(), inputs, dtype=torch.float16)
    heads = [bare, *SHARED, sequence_problems]
    yield from each(heads, "roberta", "Roberta", roberta_config, text, draw)


def albert_config(**changes: Any) -> AlbertConfig:
    shape = {"embedding_size": 10, "num_hidden_layers": 3, "num_hidden_groups": 1, "classifier_dropout_prob": 0.1}
    return AlbertConfig(**BERT | shape | changes)


def albert() -> Iterator[Golden]:
    draw = Draw(4, VOCABULARY)
    text = texts(draw, segments=True, first=2, last=3)
    masked = masking(draw, text, albert_config)
    yield Golden("albert-masked-lm", AlbertForMaskedLM, *masked(), main=True)
    groups = masked(num_hidden_layers=4, num_hidden_groups=2, inner_group_num=2)
    yield Golden("albert-masked-lm-groups", AlbertForMaskedLM, *groups)
    config, inputs = masked(hidden_act="gelu")
    inputs["sentence_order_label"] = torch.tensor([1, 0, 0])
    yield Golden("albert-pretraining", AlbertForPreTraining, config, inputs)
    yield from each([bare, *SHARED], "albert", "Albert", albert_config, text, draw)


def electra_config(**changes: Any) -> ElectraConfig:
    return ElectraConfig(**BERT | {"embedding_size": 10} | changes)


def electra() -> Iterator[Golden]:
    draw = Draw(5, VOCABULARY)
    text = texts(draw, segments=True, first=2, last=3)
    masked = masking(draw, text, electra_config)

    def replaced(**changes: Any) -> tuple[ElectraConfig, dict[str, torch.Tensor]]:
        inputs = text(LENGTHS)
        return electra_config(**changes), inputs | {"labels": draw.integers(0, 2, *inputs["input_ids"].shape)}

    yield Golden("electra-masked-lm", ElectraForMaskedLM, *masked(), main=True)
    yield Golden("electra-masked-lm-relu", ElectraForMaskedLM, *masked(hidden_act="relu", embedding_size=15))
    yield Golden("electra-pretraining", ElectraForPreTraining, *replaced(), main=True)
    yield Golden("electra-pretraining-equal-widths", ElectraForPreTraining, *replaced(embedding_size=15))
    yield from each([bare, *SHARED], "electra", "Electra", electra_config, text, draw)


RESIDUES, MASK = 33, 32


def esm_config(**changes: Any) -> EsmConfig:
    """<cls> 0, <pad> 1, <eos> 2 and <mask> 32, as in ESM-2."""
    shape = {
        "vocab_size": RESIDUES,
        "hidden_size": 16,
        "num_attention_heads": 4,
        "pad_token_id": 1,
        "mask_token_id": MASK,
        "max_position_embeddings": 13,
        "position_embedding_type": "rotary",
        "token_dropout": True,
        "emb_layer_norm_before": False,
        "layer_norm_eps": 1e-5,
    }
    return EsmConfig(**BERT | shape | changes)


def esm() -> Iterator[Golden]:
    draw = Draw(7, RESIDUES - 4, pad=1, special=4)
    text = texts(draw, first=0, last=2)

    def masked(**changes: Any) -> tuple[EsmConfig, dict[str, torch.Tensor]]:
        """Two masked residues in the first row, one in the third."""
        inputs = text(LENGTHS)
        inputs["labels"] = draw.labels(inputs["attention_mask"], RESIDUES - 4)
        inputs["input_ids"][[0, 0, 2], [2, 3, 1]] = MASK
        return esm_config(**changes), inputs

    yield Golden("esm-masked-lm", EsmForMaskedLM, *masked(), main=True)
    absolute = {"position_embedding_type": "absolute", "emb_layer_norm_before": True, "token_dropout": False}
    yield Golden("esm-masked-lm-absolute", EsmForMaskedLM, *masked(**absolute), main=True)
    yield from each([bare, sequence, token], "esm", "Esm", esm_config, text, draw)


def dnabert_config(k: int, **changes: Any) -> BertConfig:
    """4^k words after 5 special ones, and the keys that DNABERT's files have beside BERT's."""
    extra = {"num_rnn_layer": 1, "rnn": "lstm", "rnn_dropout": 0.0, "rnn_hidden": 768, "split": 10, "num_labels": 2}
    return bert_config(**extra | {"vocab_size": 4**k + 5} | changes)


def dnabert() -> Iterator[Golden]:
    """Masks k neighbours together: a k-mer shares letters with its neighbours."""
    draw = Draw(8, 4**3 + 5)
    inputs = texts(draw, segments=True, first=2, last=3)([7, 6, 5])
    inputs["token_type_ids"].zero_()
    labels = torch.full_like(inputs["input_ids"], -100)
    labels[:, 1:4] = inputs["input_ids"][:, 1:4]
    inputs["input_ids"][:, 1:4] = 4
    yield Golden("dnabert-masked-lm", BertForMaskedLM, dnabert_config(3), inputs | {"labels": labels}, main=True)
    draw = Draw(9, 4**6 + 5)
    config = dnabert_config(6, hidden_size=8, num_attention_heads=2, intermediate_size=13)
    inputs = texts(draw, first=2, last=3)(LENGTHS) | {"labels": torch.tensor([0, 1, 1])}
    folder = "dnabert-sequence-classification"
    yield Golden(folder, BertForSequenceClassification, config, inputs, dtype=torch.float16)


def goldens() -> Iterator[Golden]:
    for family in (bert, distilbert, roberta, albert, electra, esm, dnabert):
        yield from family()
