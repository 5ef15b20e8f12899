"""Hashes of pairs -> **duplicates**, sources with several targets, overlap with other texts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from seqcli.corpus.checking.findings import Found, found_in_pairs
from seqcli.corpus.checking.pairwise import Hashes, Lines, hash_of
from seqcli.corpus.checking.reading import Side
from seqcli.corpus.pairs import SentencePair, is_blank

_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def find_duplicates(
    hashes: tuple[Hashes, Hashes], has_text: npt.NDArray[np.bool_], *, samples: int
) -> list[Found]:
    """Find pairs that are there before, and sources that have several targets.

    Args:
        hashes: Of both sides of the pairs, (pairs,) each.
        has_text: Pairs that count, (pairs,).
        samples: Most places named for a finding.
    """
    lines = np.flatnonzero(has_text)
    if not len(lines):
        return []
    src, tgt = hashes[0][lines], hashes[1][lines]
    order = np.lexsort((lines, tgt, src))
    same_src = np.concatenate([[False], src[order][1:] == src[order][:-1]])
    same_pair = same_src & np.concatenate([[False], tgt[order][1:] == tgt[order][:-1]])
    groups = np.cumsum(~same_src) - 1  # of equal sources
    firsts = np.maximum.accumulate(np.where(same_pair, 0, np.arange(len(lines))))
    copies, originals = lines[order][same_pair], lines[order][firsts[same_pair]]
    by_place = np.argsort(copies)
    found = found_in_pairs(
        "duplicates", copies[by_place], "{count} pairs ({share}) stand there "
        "before, word for word; drop the copies unless they shall weigh more",
        total=len(has_text), samples=samples,
    )  # fmt: skip
    for each in found:
        earlier = originals[by_place][:samples]
        each.notes = [f"same as line {int(line) + 1:,}" for line in earlier]
    targets = np.bincount(groups[~same_pair])
    several = np.flatnonzero(targets > 1)
    where = np.searchsorted(groups, several)
    first = np.sort(lines[order][where])
    pairs = int(targets[several].sum())
    return found + found_in_pairs(
        "many-targets", first, "{count} sources have more than one target, in "
        f"{pairs:,} different pairs; see whether one of each is wrong",
        total=len(has_text), samples=samples,
    )  # fmt: skip


def find_overlap(
    hashes: tuple[Hashes, Hashes],
    has_text: npt.NDArray[np.bool_],
    other: tuple[Side, Side],
    name: str,
    *,
    samples: int,
) -> list[Found]:
    """Find what is in another text too, such as a test set.

    Args:
        hashes: Of both sides of the pairs, (pairs,) each.
        has_text: Pairs that count, (pairs,).
        other: The sides of the other text.
        name: What messages call it.
        samples: Most places named for a finding.
    """
    theirs = _hashes_of(other)
    lines = np.flatnonzero(has_text)
    ours = (hashes[0][lines], hashes[1][lines])
    total = len(theirs[0])
    in_both = np.isin(_join(*theirs), _join(*ours))
    one_side = (np.isin(theirs[0], ours[0]) | np.isin(theirs[1], ours[1])) & ~in_both
    found = []
    for kind, here, what in (
        ("overlap", in_both, "are also in this text, word for word; if one is trained on and the "
         "other scored, take them out of the training text: "),
        ("overlap-one-side", one_side, "share their source or their target with a pair of this "
         "text; "),
    ):  # fmt: skip
        count = int(here.sum())
        if not count:
            continue
        share = count / max(1, total)
        message = (
            f"{count:,} of {total:,} pairs ({share:.1%}) of {name} {what}scores on them look "
            "better than they are"
        )
        picked = np.flatnonzero(here)[:samples]
        ours_at = [_place_of(ours, lines, theirs, int(line), kind) for line in picked]
        notes = [other[0].place(int(theirs[2][row])) for row in picked]
        found.append(Found(kind, count, message, share, ours_at, ours_at, notes))
    return found


def _hashes_of(sides: tuple[Side, Side]) -> tuple[Hashes, Hashes, Lines]:
    src, tgt, lines = [], [], []
    pairs = zip(sides[0].iter_lines(), sides[1].iter_lines(), strict=False)
    for line, pair in enumerate(pairs):
        if not is_blank(SentencePair(*pair)):
            src.append(hash_of(pair[0]))
            tgt.append(hash_of(pair[1]))
            lines.append(line)
    return np.array(src, np.uint64), np.array(tgt, np.uint64), np.array(lines, np.int64)


def _join(src: Hashes, tgt: Hashes, *_: Lines) -> Hashes:
    return src * _FACTOR ^ tgt


def _place_of(
    ours: tuple[Hashes, Hashes],
    lines: Lines,
    theirs: tuple[Hashes, Hashes, Lines],
    row: int,
    kind: str,
) -> int:
    """Return the first of our lines that has what row has of the other text."""
    src, tgt = ours[0] == theirs[0][row], ours[1] == theirs[1][row]
    return int(lines[int((src & tgt if kind == "overlap" else src | tgt).argmax())])
