"""A line and a trained model -> where the decoder looked while it wrote each piece.

Place: translator -> **AttentionMap** -> console.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from seqcli.batches import collate_sources
from seqcli.config import DecodingSettings
from seqcli.decoding.translator import Translator
from seqcli.errors import SettingsError
from seqcli.pieces import BOS_ID, EOS_ID


@dataclass(frozen=True)
class AttentionMap:
    """Attention weights of one translation; the last piece of both sides is the end mark."""

    src: str
    hyp: str
    src_pieces: tuple[str, ...]
    tgt_pieces: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]  # (tgt_pieces, src_pieces); each row sums to 1


@torch.no_grad()
def map_attention(translator: Translator, line: str, *, decoding: DecodingSettings) -> AttentionMap:
    """Translate a line and return the attention weights of its best translation.

    Args:
        translator: With a model that has attention.
        line: One sentence, raw text, not blank.
        decoding: The search.

    Raises:
        SettingsError: If the model has no attention, or the line is blank.
    """
    if not translator.model.has_attention:
        raise SettingsError(
            "the model was trained with --attention none, so there is no attention to show; train "
            "one with --attention general"
        )
    src_ids = translator.pieces.src.encode(line)
    if not src_ids:
        raise SettingsError("the line is blank; give a sentence to translate")
    whole = decoding.model_copy(update={"sample": False, "split_long": False})
    (translation,) = translator.iter_translations([line], decoding=whole)
    tgt_ids = translator.pieces.tgt.to_ids(translation.hyps[0].pieces)
    weights = _forced_weights(translator, src_ids, [*tgt_ids, EOS_ID])
    return AttentionMap(
        src=line,
        hyp=translation.hyps[0].text,
        src_pieces=tuple(translator.pieces.src.to_pieces([*src_ids, EOS_ID])),
        tgt_pieces=tuple(translator.pieces.tgt.to_pieces([*tgt_ids, EOS_ID])),
        weights=tuple(tuple(row) for row in weights),
    )


def _forced_weights(
    translator: Translator, src_ids: list[int], tgt_ids: list[int]
) -> list[list[float]]:
    """Feed a translation to the decoder; return the weights at each of its pieces."""
    model = translator.model
    device = model.device
    src, src_lengths = (tensor.to(device) for tensor in collate_sources([src_ids]))
    reading = model.read(src, src_lengths)
    state, rows = reading.state, []
    for previous in [BOS_ID, *tgt_ids[:-1]]:
        fed = torch.tensor([previous], device=device)
        _, state, weights = model.step(fed, state, reading.memory)
        assert weights is not None
        rows.append([float(weight) for weight in weights[0].float()])
    return rows
