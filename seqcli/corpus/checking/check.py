"""SRC and TGT -> **CheckReport**: everything that makes a parallel text silently wrong.

The files are read a few times and never held. Of every pair some dozens of bytes stay: hashes,
lengths, and the way back of the alignment.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from seqcli.corpus.checking.copies import find_duplicates, find_overlap
from seqcli.corpus.checking.drift import (
    Block,
    DriftFinder,
    Stretch,
    learn_from_blocks,
    offsets_to_try,
)
from seqcli.corpus.checking.features import Features, describe_lines, join_features
from seqcli.corpus.checking.findings import (
    KINDS,
    SHOWN_CHARS,
    CheckReport,
    Finding,
    Found,
    Sample,
    runs_of,
)
from seqcli.corpus.checking.languages import Languages, are_sides_swapped, learn_languages
from seqcli.corpus.checking.pairwise import Pairwise
from seqcli.corpus.checking.reading import CHUNK, Side, sides_of
from seqcli.corpus.sources import ParallelSource, find_source
from seqcli.reporting import Reporter

_BLOCKS = 48
_MOST_BLOCK = 250  # lines
_LEAST_BLOCK = 25
_SWAPPED_RUN = 10  # lines swapped in a row, with gaps up to it, that are an error

_Bools = npt.NDArray[np.bool_]


def check_corpus(
    source: ParallelSource,
    *,
    src_lang: str,
    tgt_lang: str,
    against: Sequence[str | Path] = (),
    samples: int = 3,
    report: Reporter,
) -> CheckReport:
    """Look for what is wrong with a parallel text.

    Args:
        source: The two files, or one TSV file.
        src_lang: Language of the source, such as en: tells files that were swapped.
        tgt_lang: Likewise.
        against: Prefixes or TSV files of texts that should have no pair in common with this one.
        samples: Most places named for a finding.
        report: Hears of the progress.

    Raises:
        CorpusError: A file cannot be read at all.
        SettingsError: A prefix of ``against`` names one file for both sides.
    """
    sides = sides_of(source)
    others = {str(spec): sides_of(find_source(spec, src_lang, tgt_lang)) for spec in against}
    pairwise = Pairwise()
    pairwise.read(sides, lambda done: report.progress("reading", done, None, None))
    found: list[Found] = []
    walk = _Walk(sides, pairwise, report)
    found += walk.find_shifts(samples)
    found += walk.find_swapped(src_lang, tgt_lang, samples)
    found += pairwise.iter_findings(sides, walk.fits, samples=samples)
    found += find_duplicates(pairwise.hashes, pairwise.has_text, samples=samples)
    for name, other in others.items():
        found += find_overlap(pairwise.hashes, pairwise.has_text, other, name, samples=samples)
    report.progress("reading", pairwise.counts[0], pairwise.counts[0], 0.0)
    order = list(KINDS)
    found.sort(key=lambda each: (each.severity != "error", order.index(each.kind)))
    return CheckReport(
        src=str(sides[0].path),
        tgt=str(sides[1].path),
        src_lines=pairwise.counts[0],
        tgt_lines=pairwise.counts[1],
        findings=tuple(_with_samples(found, sides)),
        skipped=tuple(walk.skipped),
    )


class _Walk:
    """Learns from blocks of the text how its sides fit, then goes through all of it."""

    def __init__(self, sides: tuple[Side, Side], pairwise: Pairwise, report: Reporter) -> None:
        self._sides = sides
        self._counts = pairwise.counts
        self._pairs = pairwise.pairs
        self.skipped: list[str] = []
        offsets = offsets_to_try(*self._counts)
        blocks, self._lines = self._read_blocks(offsets)
        fit = learn_from_blocks(blocks)
        self._languages = _learn_languages(blocks)
        if fit is None:
            self.skipped.append("shifted lines: too little text, or nothing in its sides agrees")
        if self._languages is None:
            self.skipped.append("swapped lines: too little text, or both sides look alike")
        self._drift = None if fit is None else DriftFinder(fit, offsets, self._counts[1])
        self._swapped: _Bools = np.zeros(self._pairs, np.bool_)
        if self._drift or self._languages:
            self._go(report)
        whole = Stretch(0, self._counts[0], 0)
        self._stretches = self._drift.stretches() if self._drift else [whole]
        self.fits = np.zeros(self._pairs, np.bool_)
        for stretch in self._stretches:
            if stretch.offset == 0:
                self.fits[stretch.start : stretch.end] = True

    def _read_blocks(self, offsets: Sequence[int]) -> tuple[list[Block], tuple[list[str], ...]]:
        """Read blocks that are spread over the text, with all that may belong to them."""
        length = min(max(self._pairs // 40, _LEAST_BLOCK), _MOST_BLOCK, self._pairs)
        count = min(_BLOCKS, self._pairs // max(1, length))
        last = self._pairs - length
        starts = sorted({last * i // max(1, count - 1) for i in range(count)})
        src = self._sides[0].fetch({s + i for s in starts for i in range(length)})
        wanted = {s + i + o for s in starts for o in offsets for i in range(length)}
        tgt = self._sides[1].fetch({line for line in wanted if 0 <= line < self._counts[1]})
        blocks = []
        for start in starts:
            partners = {
                low: describe_lines([tgt.get(start + i, "") for i in range(low, high + length)])
                for low, high in runs_of(np.sort(np.array(offsets)))
            }
            blocks.append(
                Block(
                    describe_lines([src.get(start + i, "") for i in range(length)]),
                    {o: _slice(partners, o, length) for o in offsets},
                )
            )
        lines = ([src.get(s + i, "") for s in starts for i in range(length)],
                 [tgt.get(s + i, "") for s in starts for i in range(length)])  # fmt: skip
        return blocks, lines

    def _go(self, report: Reporter) -> None:
        """Show every line of both sides to what was learnt, the target ahead of the source."""
        wrong = (np.zeros(self._counts[0], np.bool_), np.zeros(self._counts[1], np.bool_))
        tgt_chunks = self._iter_features(1, wrong[1])
        for start, features in enumerate(self._iter_features(0, wrong[0])):
            if self._drift is not None:
                while self._drift.tgt_seen < self._drift.tgt_needed(len(features)):
                    self._drift.see_tgt(next(tgt_chunks))
                self._drift.see_src(features)
            done = start * CHUNK + len(features)
            report.progress("comparing", done, self._counts[0], None)
        for _ in tgt_chunks:
            pass
        self._swapped = wrong[0][: self._pairs] & wrong[1][: self._pairs]

    def _iter_features(self, side: int, wrong: _Bools) -> Iterator[Features]:
        start = 0
        for chunk in self._sides[side].iter_chunks():
            features = describe_lines(chunk)
            if self._languages is not None:
                clear = self._languages.are_clear(features.trigrams, 1 if side else -1)
                wrong[start : start + len(chunk)] = clear
            start += len(chunk)
            yield features

    def find_shifts(self, samples: int) -> list[Found]:
        """Say where the sides part, and where they fit at no offset."""
        shifted = [each for each in self._stretches if each.offset not in (0, None)]
        self._begin_early(shifted)
        found = []
        if self._counts[0] != self._counts[1]:
            found.append(self._describe_counts(shifted, samples))
        elif shifted:
            lines = [each.start for each in shifted[:samples]]
            total = sum(each.end - each.start for each in shifted)
            notes = [_describe_stretch(each) for each in shifted[:samples]]
            message = (
                f"{total:,} lines in {len(shifted):,} stretches fit the target some lines away and "
                f"not their own: {notes[0]}; look for a line that was lost or split just before"
            )
            found.append(Found("shifted", total, message, 1.0, lines, lines, notes))
        lost = [each for each in self._stretches if each.offset is None]
        if lost:
            total = sum(each.end - each.start for each in lost)
            message = (
                f"{total:,} lines in {len(lost):,} stretches do not fit their targets nor any near "
                f"them, the first from {self._sides[0].place(lost[0].start)} to line "
                f"{lost[0].end:,}; see whether they are translations of each other"
            )
            lines = [each.start for each in lost[:samples]]
            found.append(Found("unrelated", total, message, total / self._pairs, lines, lines))
        return found

    def _begin_early(self, shifted: list[Stretch]) -> None:
        """Let the first shifted stretch begin where agreement ends: lines may be lost between."""
        if shifted and self._drift is not None:
            first = shifted[0]
            start = self._drift.agrees_until(first.start)
            shifted[0] = Stretch(start, first.end, first.offset)

    def _describe_counts(self, shifted: Sequence[Stretch], samples: int) -> Found:
        src, tgt = self._counts
        message = (
            f"{self._sides[0].path} has {src:,} lines but {self._sides[1].path} has {tgt:,}; line "
            "N of one must translate line N of the other; "
        )
        if shifted:
            notes = [_describe_stretch(each) for each in shifted[:samples]]
            lines = [each.start for each in shifted[:samples]]
            message += (
                f"up to about {self._sides[0].place(max(0, shifted[0].start - 1))} they agree, "
                f"from there on they do not: {notes[0]}; look for a line that was lost or split "
                "there"
            )
            return Found("unequal-counts", abs(src - tgt), message, 1.0, lines, lines, notes)
        last = self._pairs - 1
        if self._drift is None:
            message += "where they part cannot be told"
        else:
            message += (
                f"as far as both go they agree (the last such pair is line {last + 1:,}), so the "
                f"end is missing from {self._sides[src > tgt].path}; add it, or cut the other"
            )
        lines = [last] if last >= 0 else []
        return Found("unequal-counts", abs(src - tgt), message, 1.0, lines, lines)

    def find_swapped(self, src_lang: str, tgt_lang: str, samples: int) -> list[Found]:
        """Find files in each other's place, and lines whose sides are."""
        found = []
        if are_sides_swapped(*self._lines, src_lang=src_lang, tgt_lang=tgt_lang):
            message = (
                f"the text of {self._sides[0].path} looks like {tgt_lang} and that of "
                f"{self._sides[1].path} like {src_lang}; give the files the other way round"
            )
            lines = [0] if self._pairs else []
            found.append(Found("swapped-files", self._pairs, message, 1.0, lines, lines))
        swapped = np.flatnonzero(self._swapped)
        if not len(swapped):
            return found
        longest = max(runs_of(swapped, gap=3), key=lambda run: (run[1] - run[0], -run[0]))
        in_run = int(((swapped >= longest[0]) & (swapped <= longest[1])).sum())
        share = 1.0 if in_run >= _SWAPPED_RUN else len(swapped) / self._pairs
        message = (
            f"{len(swapped):,} pairs ({len(swapped) / self._pairs:.1%}) have the source in the "
            "language of the targets and the target in that of the sources; swap them back"
        )
        if in_run >= _SWAPPED_RUN:
            message += (
                f"; most of them in a row from {self._sides[0].place(longest[0])} to line "
                f"{longest[1] + 1:,}"
            )
        first = [int(line) for line in swapped[:samples]]
        return [*found, Found("swapped-lines", len(swapped), message, share, first, first)]


def _slice(partners: dict[int, Features], offset: int, length: int) -> Features:
    low = max(each for each in partners if each <= offset)
    return partners[low].part(offset - low, offset - low + length)


def _learn_languages(blocks: Sequence[Block]) -> Languages | None:
    if not blocks:
        return None
    src = join_features([block.src for block in blocks])
    tgt = join_features([block.tgt[0] for block in blocks])
    return learn_languages(src.trigrams, tgt.trigrams)


def _describe_stretch(stretch: Stretch) -> str:
    offset = stretch.offset or 0
    lines = f"{abs(offset)} {'line' if abs(offset) == 1 else 'lines'}"
    way = "on" if offset > 0 else "back"
    return f"source lines {stretch.start + 1:,} to {stretch.end:,} fit the target {lines} {way}"


def _with_samples(found: Sequence[Found], sides: tuple[Side, Side]) -> Iterator[Finding]:
    """Read the text of all samples, and put the findings together."""
    wanted = ({line for each in found for line in each.src_lines if line >= 0},
              {line for each in found for line in each.tgt_lines if line >= 0})  # fmt: skip
    texts = [side.fetch(lines) for side, lines in zip(sides, wanted, strict=True)]
    for each in found:
        rows = itertools.zip_longest(each.src_lines, each.tgt_lines, each.notes, fillvalue=None)
        samples = []
        for src, tgt, note in rows:
            (src_place, src_text), (tgt_place, tgt_text) = (
                (side.place(line), text[line][:SHOWN_CHARS]) if line in text else (None, None)
                for side, line, text in zip(sides, (src, tgt), texts, strict=True)
            )
            samples.append(Sample(src_place, tgt_place, src_text, tgt_text, note or ""))
        yield Finding(each.kind, each.severity, each.count, each.message, tuple(samples))
