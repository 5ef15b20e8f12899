"""IN -> **OUT, a side file of what was dropped, and a CleanReport**.

Read once, written as it goes. Of each pair that is kept 11 to 22 bytes stay for each of the two
rules that look for copies. The result depends on the text and the options only.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from seqcli.corpus.cleaning.judging import CHUNK, Chunk, Judge, Task, Verdicts, judge_chunks
from seqcli.corpus.cleaning.rules import CleaningOptions, names_of_rules
from seqcli.corpus.keys import KeySet
from seqcli.corpus.pairs import SentencePair, iter_pairs
from seqcli.corpus.sources import ParallelSource
from seqcli.corpus.writing import PairWriter, check_outputs, open_text_files, pair_paths
from seqcli.errors import CorpusError
from seqcli.reporting import Reporter

REPORT_VERSION = 1  # of the JSON; goes up when the meaning of a key changes or a key goes
SHOWN_CHARS = 200  # of a sample's side
DROPPED_SUFFIX = ".dropped.jsonl"


@dataclass(frozen=True)
class Sample:
    """A pair that was dropped, or repaired."""

    number: int  # in the text, from 1: the line, where a line is a pair
    found: str
    src: str  # as it stands in the text, cut to SHOWN_CHARS
    tgt: str


@dataclass
class RuleCount:
    """What a rule has dropped."""

    count: int = 0
    samples: list[Sample] = field(default_factory=list)


@dataclass(frozen=True)
class CleanReport:
    """What was done to a text."""

    source: str
    outputs: tuple[str, ...]  # nothing in a dry run
    dropped_file: str | None
    pairs: int
    kept: int
    repaired: RuleCount  # pairs, whether kept or not
    dropped: dict[str, RuleCount]  # by rule, each that is on
    not_applied: tuple[str, ...]  # what could not be looked at, and why

    @property
    def dropped_count(self) -> int:
        """How many pairs were dropped."""
        return sum(rule.count for rule in self.dropped.values())


def clean_corpus(
    source: ParallelSource,
    out: Path | None,
    *,
    options: CleaningOptions,
    src_lang: str,
    tgt_lang: str,
    dropped_path: Path | None = None,
    overwrite: bool = False,
    samples: int = 3,
    processes: int,
    report: Reporter,
) -> CleanReport:
    """Write the pairs of a text that break no rule.

    Args:
        source: The text.
        out: A prefix or the name of a .tsv; None for a dry run.
        options: The rules.
        src_lang: Suffix of the source file; its scripts, and the language identified, go by it.
        tgt_lang: Likewise.
        dropped_path: Where a JSON object is written for each pair that was dropped; without it,
            OUT.dropped.jsonl.
        overwrite: Replace files that are there.
        samples: Most samples for a rule.
        processes: That work at once.
        report: Hears of the progress.

    Raises:
        CorpusError: The text cannot be read, or nothing of it is left.
        SettingsError: A rule cannot be applied, or an output is not allowed.
        SeqcliError: The disk refuses, or a process dies.
    """
    paths: tuple[Path, ...] = ()
    if out is not None:
        dropped_path = dropped_path or Path(f"{out}{DROPPED_SUFFIX}")
        paths = (*pair_paths(out, src_lang, tgt_lang), dropped_path)
        check_outputs(paths, source, overwrite=overwrite)
    task = Task(options, src_lang, tgt_lang)
    work = _Cleaning(options, samples)
    not_applied = Judge(task).judges.not_applied
    chunks = judge_chunks(_iter_chunks(source), task, processes=processes)
    with open_text_files(paths) as files:
        writer = PairWriter(files[:-1]) if files else None
        dropped = files[-1] if files else None
        for chunk, verdicts in chunks:
            kept = work.see(chunk, verdicts, dropped)
            if writer is not None:
                writer.write(kept)
            report.progress("cleaning", work.pairs, None, None)
        report.progress("cleaning", work.pairs, work.pairs, 0.0)
        if paths and not work.kept:
            raise CorpusError(f"{source}: {_describe_loss(work)}")
    return CleanReport(
        source=str(source),
        outputs=tuple(str(path) for path in paths[:-1]),
        dropped_file=str(dropped_path) if paths else None,
        pairs=work.pairs,
        kept=work.kept,
        repaired=work.repaired,
        dropped=work.dropped,
        not_applied=tuple(dict.fromkeys(not_applied)),
    )


def _iter_chunks(source: ParallelSource) -> Iterator[Chunk]:
    pairs = iter_pairs(source)
    while chunk := list(itertools.islice(pairs, CHUNK)):
        yield chunk


def _describe_loss(work: _Cleaning) -> str:
    if not work.pairs:
        return "there is no pair in it; a corpus needs at least one"
    worst = max(work.dropped, key=lambda rule: work.dropped[rule].count, default="")
    most = f", {work.dropped[worst].count:,} of them by the rule {worst}" if worst else ""
    return (
        f"all {work.pairs:,} pairs break a rule{most}, so nothing is left to write; see what is "
        "found with --dry-run, and switch rules off with --no-RULE"
    )


class _Cleaning:
    """Counts, samples and copies, over all chunks."""

    def __init__(self, options: CleaningOptions, samples: int) -> None:
        self.pairs = 0
        self.kept = 0
        self.repaired = RuleCount()
        self.dropped = {rule: RuleCount() for rule in names_of_rules(options)}
        self._most_samples = samples
        self._seen = KeySet() if options.duplicates else None
        self._nearly_seen = KeySet() if options.near_duplicates else None

    def see(self, chunk: Chunk, verdicts: Verdicts, dropped: IO[str] | None) -> list[SentencePair]:
        """Take in a chunk; return the pairs that are kept, and write the others down."""
        broken = {**verdicts.broken, **self._find_copies(verdicts)}
        for number in sorted(broken):
            rule, found = broken[number]
            self._count(self.dropped[rule], number, found, chunk[number])
            if dropped is not None:
                dropped.write(_as_json(self.pairs + number + 1, rule, found, chunk[number]))
        for number in verdicts.repaired:
            self._count(self.repaired, number, "", chunk[number])
        kept = [
            verdicts.repaired.get(number, chunk[number])
            for number in verdicts.kept
            if number not in broken
        ]
        self.pairs += len(chunk)
        self.kept += len(kept)
        return kept

    def _find_copies(self, verdicts: Verdicts) -> dict[int, tuple[str, str]]:
        """Return which pairs were there before; a near copy of one that was dropped is none."""
        kept: npt.NDArray[np.int64] = np.array(verdicts.kept, np.int64)
        near_keys, copies = verdicts.near_keys, {}
        if self._seen is not None:
            is_new = self._seen.add(verdicts.keys)
            copies = {int(number): ("duplicates", "") for number in kept[~is_new]}
            kept, near_keys = kept[is_new], near_keys[is_new] if len(near_keys) else near_keys
        if self._nearly_seen is not None:
            is_new = self._nearly_seen.add(near_keys)
            copies |= {int(number): ("near-duplicates", "") for number in kept[~is_new]}
        return copies

    def _count(self, rule: RuleCount, number: int, found: str, pair: SentencePair) -> None:
        rule.count += 1
        if len(rule.samples) < self._most_samples:
            src, tgt = (side[:SHOWN_CHARS] for side in pair)
            rule.samples.append(Sample(self.pairs + number + 1, found, src, tgt))


def _as_json(number: int, rule: str, found: str, pair: SentencePair) -> str:
    tree = {"number": number, "rule": rule, "found": found, "src": pair.src, "tgt": pair.tgt}
    return json.dumps(tree, ensure_ascii=False) + "\n"
