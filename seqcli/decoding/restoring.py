"""Translations with marks -> translations with what the marks stand for: all of it, once.

Place: search -> **restoring** -> translator.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from seqcli.corpus.edges import cut_edges
from seqcli.corpus.protection import Masked, cut_around, unmask
from seqcli.decoding.translation import Hypothesis

_TOUCHED = re.compile(r"(?<=\w)⟦\d+⟧|⟦\d+⟧(?=\w)")
# A text, and whether it is the first of its line -> its translation; None for a blank one.
Translate = Callable[[str, bool], Hypothesis | None]


def restore(
    masked: Masked, hyps: tuple[Hypothesis, ...], translate: Translate
) -> tuple[Hypothesis, ...]:
    """Return the hypotheses that carry every mark over once, with the originals in their places.

    If none does, what stands between the marks is translated by itself, and put together with them
    and with the punctuation that stands beside them.

    Args:
        masked: The line.
        hyps: Its translations, best first.
        translate: For the text between the marks.
    """
    whole = [
        (hyp, None if _sticks(hyp.text, masked) else unmask(hyp.text, masked.spans)) for hyp in hyps
    ]
    restored = tuple(replace(hyp, text=text) for hyp, text in whole if text is not None)
    return restored or (_reassemble(masked, translate),)


def _sticks(text: str, masked: Masked) -> bool:
    """Tell whether a mark touches a letter or digit where the source has a space or a mark."""
    touching = [
        {match.group()[1:-1] for match in _TOUCHED.finditer(each)} for each in (text, masked.text)
    ]
    return bool(touching[0] - touching[1])


def _reassemble(masked: Masked, translate: Translate) -> Hypothesis:
    texts: list[str] = []
    found: list[Hypothesis] = []
    parts = cut_around(masked)
    for place, (text, is_span) in enumerate(parts):
        part = cut_edges(text, is_after_mark=place > 0, is_before_mark=place + 1 < len(parts))
        hyp = None if is_span else translate(part.middle, not found)
        if hyp is None:
            texts.append(text)
            continue
        texts.append(part.fill(hyp.text))
        found.append(hyp)
    log_prob = sum(hyp.log_prob for hyp in found)
    pieces = tuple(piece for hyp in found for piece in hyp.pieces)
    return Hypothesis(
        text="".join(texts).strip(),
        score=log_prob / max(len(pieces) + len(found), 1),
        pieces=pieces,
        truncated=any(hyp.truncated for hyp in found),
        looped=any(hyp.looped for hyp in found),
        is_reassembled=True,
        log_prob=log_prob,
    )
