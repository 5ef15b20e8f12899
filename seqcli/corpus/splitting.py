"""A text -> **train, valid and test that share no sentence**, by a seed.

Pairs that share a source or a target, without case, digits, punctuation and spaces, belong
together, and so do those that are linked by others; such a group goes to one part as a whole. A
side without text links nothing. Read twice and never held: 16 bytes of each pair stay, and about
80 while groups are found and dealt out.
"""

from __future__ import annotations

import contextlib
import itertools
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from seqcli.corpus.keys import Keys, key_of, normalise
from seqcli.corpus.pairs import SentencePair, iter_pairs
from seqcli.corpus.sources import ParallelSource
from seqcli.corpus.writing import PairWriter, check_outputs, open_text_files, pair_paths
from seqcli.errors import CorpusError, SettingsError
from seqcli.files import explaining
from seqcli.reporting import Reporter

REPORT_VERSION = 1  # of the JSON; goes up when the meaning of a key changes or a key goes
TRAIN = "train"
CHUNK = 4096  # pairs
_ROUNDING = 1e-6  # pairs; 0.29 of 100 is 28.999999999999996
_LARGEST = 20  # groups of up to one in so many of a part's pairs are preferred for it

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SplitReport:
    """What went where."""

    source: str
    pairs: int
    groups: int  # of pairs that belong together, single pairs among them
    largest_group: int
    parts: dict[str, int]  # pairs of each
    files: dict[str, tuple[str, ...]]
    seed: int


def split_corpus(
    source: ParallelSource,
    folder: Path,
    *,
    sizes: Mapping[str, int | float],
    src_lang: str,
    tgt_lang: str,
    seed: int,
    overwrite: bool = False,
    report: Reporter,
) -> SplitReport:
    """Write the parts of a text, each in the order of the text; every pair is in one of them.

    Args:
        source: The text; it must stand still meanwhile.
        folder: Gets ``PART.SRC`` and ``PART.TGT``; is made if it is missing.
        sizes: Of each part but train: a number of pairs, or a share of all below 1.
        src_lang: Suffix of the source files.
        tgt_lang: Suffix of the target files.
        seed: Of the draw.
        overwrite: Replace files that are there.
        report: Hears of the progress.

    Raises:
        CorpusError: The text cannot be read or is cut so that a part is too small.
        SettingsError: An output is not allowed.
        SeqcliError: The disk refuses.
    """
    names = (TRAIN, *sizes)
    files = {name: pair_paths(folder / name, src_lang, tgt_lang) for name in names}
    _require_folder(folder)
    with _made(folder):
        check_outputs(itertools.chain.from_iterable(files.values()), source, overwrite=overwrite)
        keys = _read_keys(source, report)
        groups = group_pairs(*keys)
        parts = deal_groups(groups, sizes, seed=seed)
        _write(source, files, parts, report)
    counts = np.bincount(parts, minlength=len(names))
    members = np.bincount(groups)
    return SplitReport(
        source=str(source),
        pairs=len(parts),
        groups=int((members > 0).sum()),
        largest_group=int(members.max()),
        parts={name: int(count) for name, count in zip(names, counts, strict=True)},
        files={name: tuple(str(path) for path in paths) for name, paths in files.items()},
        seed=seed,
    )


def _require_folder(folder: Path) -> None:
    with explaining(folder):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir():
        raise SettingsError(
            f"{existing}: this is a file; OUT_DIR is the folder for train, valid and test; give "
            "another name"
        )


@contextlib.contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make a folder; it goes again if the block fails and it was not there."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    with explaining(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for path in missing:
            with contextlib.suppress(OSError):
                path.rmdir()
        raise


def _read_keys(source: ParallelSource, report: Reporter) -> tuple[Keys, Keys]:
    """Return keys of both sides of all pairs, 0 for a side without text, (pairs,) each."""
    keys = (array("Q"), array("Q"))
    for number, pair in enumerate(iter_pairs(source), start=1):
        for side, text in enumerate(pair):
            shared = normalise(text)
            keys[side].append(key_of(shared) if shared else 0)
        if number % CHUNK == 0:
            report.progress("reading", number, None, None)
    return np.frombuffer(keys[0], np.uint64), np.frombuffer(keys[1], np.uint64)


def group_pairs(src_keys: Keys, tgt_keys: Keys) -> Ints:
    """Return for each pair the number of the first pair of its group, (pairs,).

    Pairs are linked when they share a key of a side that is not 0; a group is all that hang
    together.

    Args:
        src_keys: Of the sources, (pairs,).
        tgt_keys: Of the targets, (pairs,).
    """
    links = [_links(keys) for keys in (src_keys, tgt_keys)]
    first = np.concatenate([link[0] for link in links])
    second = np.concatenate([link[1] for link in links])
    groups: Ints = np.arange(len(src_keys), dtype=np.int64)
    while len(first):
        least = np.minimum(groups[first], groups[second])
        np.minimum.at(groups, groups[first], least)
        np.minimum.at(groups, groups[second], least)
        while not np.array_equal(shorter := groups[groups], groups):
            groups = shorter
        open_links = groups[first] != groups[second]
        first, second = first[open_links], second[open_links]
    return groups


def _links(keys: Keys) -> tuple[Ints, Ints]:
    """Return pairs of neighbours among equal keys, (links,) each."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    same = (ordered[1:] == ordered[:-1]) & (ordered[1:] != 0)
    return order[:-1][same], order[1:][same]


def deal_groups(
    groups: Ints, sizes: Mapping[str, int | float], *, seed: int
) -> npt.NDArray[np.int8]:
    """Return for each pair the number of its part, (pairs,): 0 for train, then as in ``sizes``.

    Groups are drawn at random. A part has exactly as many pairs as asked for; a share is met as
    nearly from below as whole groups allow, and by one pair at least.

    Args:
        groups: Number of each pair's group, (pairs,).
        sizes: Of the parts, pairs or a share below 1.
        seed: Of the draw.

    Raises:
        CorpusError: That cannot be done, or nothing would be left for training.
    """
    total = len(groups)
    wanted = {name: _count(name, size, total) for name, size in sizes.items()}
    if sum(wanted.values()) >= total:
        asked = " and ".join(f"{count:,} for {name}" for name, count in wanted.items())
        raise CorpusError(
            f"the text has {total:,} pairs, and {asked} are wanted, which leaves none for "
            "training; ask for fewer"
        )
    numbers, members = np.unique(groups, return_counts=True)
    drawn = np.random.Generator(np.random.PCG64(seed)).permutation(len(numbers))
    part_of_group = np.zeros(len(numbers), np.int8)
    for part, (name, count) in enumerate(wanted.items(), start=1):
        left = drawn[part_of_group[drawn] == 0]
        chosen = _choose(left, members, count)
        found = int(members[chosen].sum())
        if found < count and (isinstance(sizes[name], int) or not found):
            raise CorpusError(_too_few(name, count, found, int(members[left].min(initial=total))))
        part_of_group[chosen] = part
    return part_of_group[np.searchsorted(numbers, groups)]


def _count(name: str, size: int | float, total: int) -> int:
    """Return how many pairs are wanted."""
    if isinstance(size, int):
        return size
    count = int(size * total + _ROUNDING)
    if not count:
        raise CorpusError(
            f"{name}: a share of {size:g} of {total:,} pairs is less than one pair; ask for a "
            "number of pairs, or for a larger share"
        )
    return count


def _choose(drawn: Ints, members: Ints, wanted: int) -> Ints:
    """Return groups that have no more than the wanted pairs together; small groups come first."""
    chosen: list[int] = []
    sizes = members[drawn]
    is_small = sizes <= max(1, wanted // _LARGEST)
    for candidates in (drawn[is_small], drawn[~is_small]):
        for group in candidates.tolist():
            if wanted == 0:
                break
            if members[group] <= wanted:
                chosen.append(group)
                wanted -= int(members[group])
    return np.array(chosen, np.int64)


def _too_few(name: str, wanted: int, found: int, least: int) -> str:
    advice = (
        f"ask for {found:,}, or give a share such as 0.05, which is met as nearly as it goes"
        if found
        else f"the smallest group of pairs that share sentences has {least:,} of them"
    )
    return (
        f"{name}: {wanted:,} pairs are wanted, and {found:,} can be cut so that no sentence is on "
        f"both sides of the cut; {advice}"
    )


def _write(
    source: ParallelSource,
    files: Mapping[str, tuple[Path, ...]],
    parts: npt.NDArray[np.int8],
    report: Reporter,
) -> None:
    pairs = iter_pairs(source)
    with open_text_files(list(itertools.chain.from_iterable(files.values()))) as streams:
        writers = [PairWriter(streams[start : start + 2]) for start in range(0, len(streams), 2)]
        start = 0
        while chunk := list(itertools.islice(pairs, CHUNK)):
            for part, writer in enumerate(writers):
                mine = np.flatnonzero(parts[start : start + len(chunk)] == part)
                writer.write(SentencePair(*chunk[number]) for number in mine.tolist())
            start += len(chunk)
            report.progress("writing", start, len(parts), None)
        if start != len(parts):
            raise CorpusError(
                f"{source}: has {start:,} pairs, and had {len(parts):,} a moment ago; let nothing "
                "write to it, and run the command again"
            )
