"""The heads that most families share. B = 3 rows of up to 7 tokens, the later ones padded on the right."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
import transformers
from draw import Draw
from golden import Golden

LENGTHS = [7, 4, 5]
CLASSES = 3

Text = Callable[[list[int]], dict[str, torch.Tensor]]


def texts(draw: Draw, *, segments: bool = False, first: int | None = None, last: int | None = None) -> Text:
    """Makes the tensors that every head of a family takes, for rows of given lengths."""

    def text(lengths: list[int]) -> dict[str, torch.Tensor]:
        made = draw.text(lengths, first=first, last=last)
        return made | {"token_type_ids": draw.segments(made["attention_mask"])} if segments else made

    return text


def model_class(prefix: str, head: str) -> type:
    return getattr(transformers, prefix + head)


def sequence(family: str, prefix: str, config: Callable[..., Any], text: Text, draw: Draw) -> Iterator[Golden]:
    """One class of three, one number, any of three labels."""
    model, folder = model_class(prefix, "ForSequenceClassification"), f"{family}-sequence-classification"
    labels = draw.integers(0, CLASSES, 3)
    yield Golden(folder, model, config(num_labels=CLASSES), text(LENGTHS) | {"labels": labels})


def sequence_problems(family: str, prefix: str, config: Callable[..., Any], text: Text, draw: Draw) -> Iterator[Golden]:
    """The classifier's two other losses."""
    model, folder = model_class(prefix, "ForSequenceClassification"), f"{family}-sequence-classification"
    regression = config(num_labels=1, problem_type="regression")
    yield Golden(f"{folder}-regression", model, regression, text(LENGTHS) | {"labels": draw.normal(3)})
    labels = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    several = config(num_labels=CLASSES, problem_type="multi_label_classification")
    yield Golden(f"{folder}-multi-label", model, several, text(LENGTHS) | {"labels": labels})


def token(family: str, prefix: str, config: Callable[..., Any], text: Text, draw: Draw) -> Iterator[Golden]:
    inputs = text(LENGTHS)
    inputs["labels"] = draw.labels(inputs["attention_mask"], CLASSES, share=0.8)
    model = model_class(prefix, "ForTokenClassification")
    yield Golden(f"{family}-token-classification", model, config(num_labels=CLASSES), inputs)


def answer(family: str, prefix: str, config: Callable[..., Any], text: Text, draw: Draw) -> Iterator[Golden]:
    """The second row's end lies beyond the sequence, so it does not count."""
    spans = {"start_positions": torch.tensor([1, 2, 0]), "end_positions": torch.tensor([4, 9, 2])}
    model = model_class(prefix, "ForQuestionAnswering")
    yield Golden(f"{family}-question-answering", model, config(), text(LENGTHS) | spans)


def choice(family: str, prefix: str, config: Callable[..., Any], text: Text, draw: Draw) -> Iterator[Golden]:
    """Two questions with three answers: (2, 3, T)."""
    inputs = {name: t.reshape(2, 3, -1) for name, t in text([6, 4, 5, 3, 6, 5]).items()}
    model = model_class(prefix, "ForMultipleChoice")
    yield Golden(f"{family}-multiple-choice", model, config(), inputs | {"labels": torch.tensor([2, 0])})


def bare(family: str, prefix: str, config: Callable[..., Any], text: Text, draw: Draw) -> Iterator[Golden]:
    yield Golden(f"{family}-model", model_class(prefix, "Model"), config(), text(LENGTHS))


def each(heads: list[Callable[..., Iterator[Golden]]], *arguments: Any) -> Iterator[Golden]:
    for head in heads:
        yield from head(*arguments)
