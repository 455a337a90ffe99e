"""Random inputs from a seed. B rows of T tokens; the first row is full, later ones end earlier and are padded."""

import torch


class Draw:
    """Ids, masks and labels; every call continues the same stream."""

    def __init__(self, seed: int, vocabulary: int, *, pad: int = 0, special: int = 5) -> None:
        """Ids are drawn from [special, vocabulary)."""
        self.generator = torch.Generator().manual_seed(seed + 1000)
        self.vocabulary, self.pad, self.special = vocabulary, pad, special

    def integers(self, low: int, high: int, *shape: int) -> torch.Tensor:
        return torch.randint(low, high, shape, generator=self.generator)

    def normal(self, *shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=self.generator)

    def mask(self, lengths: list[int], *, left: bool = False) -> torch.Tensor:
        """(B, T) ones where a token is real."""
        longest = max(lengths)
        rows = [[0] * (longest - n) + [1] * n if left else [1] * n + [0] * (longest - n) for n in lengths]
        return torch.tensor(rows)

    def text(self, lengths: list[int], *, left: bool = False, first: int | None = None, last: int | None = None) -> dict[str, torch.Tensor]:
        """input_ids and attention_mask, with the rows' first and last real tokens if given."""
        mask = self.mask(lengths, left=left)
        ids = self.integers(self.special, self.vocabulary, *mask.shape)
        for row, n in enumerate(lengths):
            start = mask.shape[1] - n if left else 0
            if first is not None:
                ids[row, start] = first
            if last is not None:
                ids[row, start + n - 1] = last
        return {"input_ids": torch.where(mask == 1, ids, self.pad), "attention_mask": mask}

    def labels(self, mask: torch.Tensor, classes: int, *, share: float = 0.5) -> torch.Tensor:
        """(B, T) classes at about this share of the real positions, -100 elsewhere."""
        labels = self.integers(0, classes, *mask.shape)
        keep = (torch.rand(mask.shape, generator=self.generator) < share) & (mask == 1)
        keep[:, 1] = True
        return torch.where(keep, labels, -100)

    def segments(self, mask: torch.Tensor) -> torch.Tensor:
        """token_type_ids: 1 in the second part of each row's real tokens."""
        lengths = mask.sum(1, keepdim=True)
        return ((torch.arange(mask.shape[1]) >= lengths // 2) & (mask == 1)).long()
