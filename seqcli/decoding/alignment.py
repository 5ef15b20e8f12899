"""Translations and their sources -> where the decoder looked when it wrote each piece.

Place: translator -> **alignment** -> ``--json``, ``--alignments``.
Axes: batch = sentences, tgt_len = pieces of the longest translation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from seqcli.batches import collate_sources, pad
from seqcli.decoding.candidates import Model
from seqcli.pieces import BOS_ID

SPACE_MARK = "\u2581"


@torch.no_grad()
def align(
    model: Model, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> list[tuple[int, ...] | None]:
    """Return for each piece of each translation the source piece with the largest weight.

    Args:
        model: In evaluation mode.
        sources: Ids of the sources.
        targets: Ids of their translations, without EOS.

    Returns:
        Positions in the source, -1 for its end. None for every translation if the model has no
        attention.
    """
    longest = max((len(ids) for ids in targets), default=0)
    if not longest:
        return [() for _ in targets]
    src, src_lengths = (part.to(model.device) for part in collate_sources(sources))
    reading = model.read(src, src_lengths)
    state: Any = reading.state
    fed = pad([[BOS_ID, *ids] for ids in targets]).to(model.device)
    looked = []
    for step in range(longest):
        _, state, weights = model.step(fed[:, step], state, reading.memory)
        if weights is None:
            return [None for _ in targets]
        looked.append(weights.argmax(dim=-1))
    places = torch.stack(looked, dim=1)
    rows = places.masked_fill(places >= src_lengths[:, None] - 1, -1).tolist()
    return [tuple(row[: len(ids)]) for row, ids in zip(rows, targets, strict=True)]


def words_of(pieces: Sequence[str]) -> list[int]:
    """Return the number of the word, as spaces separate them, that each piece belongs to."""
    words: list[int] = []
    word = -1
    for number, piece in enumerate(pieces):
        if number == 0 or piece.startswith(SPACE_MARK):
            word += 1
        words.append(word)
    return words


def to_pharaoh(
    src_pieces: Sequence[str], tgt_pieces: Sequence[str], alignment: Sequence[int]
) -> str:
    """Return the words that belong together as ``i-j``, source word - target word, from 0.

    Args:
        src_pieces: Of the source.
        tgt_pieces: Of the translation.
        alignment: What ``align`` gave; a piece that looked at the end of the source has no word.
    """
    src_words, tgt_words = words_of(src_pieces), words_of(tgt_pieces)
    pairs = {
        (src_words[place], word)
        for word, place in zip(tgt_words, alignment, strict=True)
        if place >= 0
    }
    return " ".join(f"{src}-{tgt}" for src, tgt in sorted(pairs))
